// Samples through time: one frame at a time, chosen with a slider.

const root = document.querySelector(".scrub");
if (root) {
  const frames = [...root.querySelectorAll(".frames > div")];
  const slider = root.querySelector("input");
  const output = root.querySelector("output");
  const show = () => {
    frames.forEach((frame, place) => frame.classList.toggle("now", place === Number(slider.value)));
    const words = frames[slider.value].querySelector("p").textContent;
    output.value = words;
    slider.setAttribute("aria-valuetext", words);
  };
  slider.addEventListener("input", show);
  root.querySelector(".scrubber").hidden = false;
  root.classList.add("scrubbing");
  show();
}
