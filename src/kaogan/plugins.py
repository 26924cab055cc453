"""Plugins: losses, penalties, augmentations, schedules and models of users' own.

A plugin is one Python file that registers components and that the user names with `--plugin FILE`,
or an installed package with an entry point of the group `kaogan.plugins`.

    RUN/run.json        "plugins": name, path and SHA-256 of the files that the recipe needs
    RUN/plugins/        a copy of each
    CACHE/plugins/      SHA-256.py for each file that this user has named before

A RUN is data, perhaps a stranger's, and opening data must not run code. The code of a RUN runs only
if the user has named a file with the same content before. In that case the same code has already
run with the user's rights.
"""

import contextlib
import hashlib
import importlib.metadata
import linecache
import re
import sys
import traceback
import types
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kaogan.errors import KaoganError, UsageError, typed
from kaogan.files import atomic_file, cache_folder
from kaogan.records import Record, Text, read_json

GROUP = "kaogan.plugins"
"""Entry points of installed packages."""

Records = list[dict[str, str]]
"""Plugins as JSON: `name`, `path` and `sha256` of each."""


class PluginRecord(Record):
    """A plugin file that a RUN or an exported file needs."""

    name: Text
    sha256: Text


class PluginsRecord(Record):
    """The plugins in `run.json`."""

    plugins: tuple[PluginRecord, ...] = ()


@dataclass(frozen=True)
class Plugin:
    """A file of code that was run in this process.

    Args:
        path: where it was read.
        content: the bytes that were run.

    """

    path: Path
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


_loaded: dict[str, Plugin] = {}
"""By module name."""
_named: set[str] = set()
"""The file names of those that the user named in this process."""


def load(file: Path | str) -> Plugin:
    """Run a plugin file that the user named, and remember that it was named.

    Raises:
        UsageError: there is no such file.
        KaoganError: its code fails.

    """
    path = Path(file).resolve()
    try:
        plugin = Plugin(path, path.read_bytes())
    except OSError:
        raise UsageError(f"there is no plugin {file}; give --plugin a Python file") from None
    _run(plugin)
    _named.add(path.name)
    # Without a cache it has to be named again.
    with contextlib.suppress(OSError), atomic_file(_trusted(plugin.sha256)) as partial:
        partial.write_bytes(plugin.content)
    return plugin


def load_kept(run: Path) -> None:
    """Run the plugins that a RUN needs, if the user has named them before.

    A file of the same name that the user named in this process takes the place of a kept one.

    Raises:
        KaoganError: one was never named, is missing or fails.

    """
    for record in recorded(run):
        file = run / "plugins" / Path(record.name).name
        load_known(record, f"{run} was trained with {file}", file)


def load_known(record: PluginRecord, story: str, file: Path | None = None) -> None:
    """Run one plugin out of a record, if the user has named that code before.

    Args:
        record: name and SHA-256.
        story: why it is needed, as the beginning of a sentence.
        file: a copy that the user can read and name. The code that runs is the cache's.

    Raises:
        KaoganError: it was never named, or fails.

    """
    name, sha256 = Path(record.name).name, record.sha256
    if name in _named or any(sha256 == plugin.sha256 for plugin in _loaded.values()):
        return
    try:
        content = _trusted(sha256).read_bytes()
    except (OSError, ValueError):
        content = b""
    if hashlib.sha256(content).hexdigest() != sha256:
        raise KaoganError(
            f"{story}, code that you have not run before; read it, and if you trust it, allow it "
            f"once with --plugin {typed(file or name)}"
        )
    _run(Plugin(file.resolve() if file else Path(name).resolve(), content))


def used_by(parts: Iterable[object]) -> list[Plugin]:
    """The loaded plugins that define the classes of these objects, or their bases."""
    modules = {kind.__module__ for part in parts for kind in type(part).__mro__}
    return [plugin for module, plugin in _loaded.items() if module in modules]


def known_to_commands(part: object) -> bool:
    """Is the class of this object kaogan's own or a plugin's, so that a command can make it?"""
    module = type(part).__module__
    packages = {entry.module.partition(".")[0] for entry in _installed_entries()}
    return module in _loaded or module.partition(".")[0] in packages | {"kaogan"}


def records(plugins: Iterable[Plugin]) -> Records:
    """What `run.json` and exported files say of plugins."""
    return [
        {"name": plugin.path.name, "path": str(plugin.path), "sha256": plugin.sha256}
        for plugin in plugins
    ]


def keep(plugins: Iterable[Plugin], run: Path) -> Records:
    """Copy plugins into a RUN; returns their records.

    Raises:
        UsageError: two have one name.

    """
    kept: dict[str, Plugin] = {}
    for plugin in plugins:
        if kept.setdefault(plugin.path.name, plugin) != plugin:
            raise UsageError(f"two plugins are called {plugin.path.name}; rename one")
        with atomic_file(run / "plugins" / plugin.path.name) as partial:
            partial.write_bytes(plugin.content)
    return records(kept.values())


def recorded(run: Path) -> tuple[PluginRecord, ...]:
    """The plugins of a RUN; none if its `run.json` cannot be read."""
    try:
        return read_json(run / "run.json", PluginsRecord).plugins
    except (OSError, ValueError):
        return ()


def differences(run: Path, plugins: Iterable[Plugin]) -> list[str]:
    """The plugins of which the RUN was trained with another version, in words."""
    there = {record.name: record.sha256 for record in recorded(run)}
    return [
        f"plugin {plugin.path.name}: another version than {run / 'plugins' / plugin.path.name}"
        for plugin in plugins
        if there.get(plugin.path.name, plugin.sha256) != plugin.sha256
    ]


def load_installed() -> None:
    """Import the plugins of installed packages, once in a process.

    Raises:
        KaoganError: one cannot be imported.

    """
    if _installed:
        return
    _installed.append(True)  # before the loop, because an import may call this again
    for entry in _installed_entries():
        try:
            entry.load()
        except Exception as error:
            raise KaoganError(
                f"the installed plugin {entry.name} ({entry.value}) fails: "
                f"{type(error).__name__}: {error}; mend or uninstall it"
            ) from error


_installed: list[bool] = []


def _installed_entries() -> importlib.metadata.EntryPoints:
    return importlib.metadata.entry_points(group=GROUP)


def _run(plugin: Plugin) -> None:
    """Import the content as a module; once in a process."""
    name = f"kaogan_plugin_{plugin.path.stem}_{plugin.sha256[:16]}"
    if name in _loaded:
        return
    module = types.ModuleType(name)
    module.__file__ = str(plugin.path)
    sys.modules[name] = module
    try:
        text = plugin.content.decode()
        # Tracebacks and `inspect` show this text, even if the file is gone.
        lines = text.splitlines(keepends=True)
        linecache.cache[module.__file__] = (len(text), None, lines, module.__file__)
        exec(compile(text, module.__file__, "exec"), module.__dict__)
    except Exception as error:
        del sys.modules[name]
        raise KaoganError(
            f"the plugin {plugin.path} fails: {type(error).__name__}: {error}{_line(error, plugin)}"
        ) from error
    _loaded[name] = plugin


def _line(error: Exception, plugin: Plugin) -> str:
    """The line of the plugin that failed: " (line 12)"."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == str(plugin.path)]
    line = lines[-1] if lines else getattr(error, "lineno", None)
    return f" (line {line})" if line else ""


def _trusted(sha256: str) -> Path:
    """The copy of a file that the user named, in the cache folder."""
    if not re.fullmatch("[0-9a-f]{64}", sha256):
        raise ValueError(sha256)
    return cache_folder() / "plugins" / f"{sha256}.py"
