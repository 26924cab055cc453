"""The page that draws in the browser: its HTML, style and scripts, and the Python that makes it.

index.html  style.css  js/     its sources; runtime/  what draws
making.py                      a folder of static files
singlefile.py                  one HTML file
server.py                      serving it to this machine
"""
