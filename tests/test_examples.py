"""Every example in a docstring and in the README runs and prints what it says."""

import doctest
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import numpy as np
import pytest

import einkorn

FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
README = Path(__file__).parent.parent / "README.md"


def module_names():
    found = pkgutil.walk_packages(einkorn.__path__, "einkorn.")
    return sorted(m.name for m in found if not m.name.endswith("__main__"))


def docstrings(module):
    """Docstrings of what the module itself defines; doctest's finder misses compiled functions."""
    yield module.__name__, inspect.getdoc(module)
    for name, value in vars(module).items():
        if getattr(value, "__module__", None) != module.__name__:
            continue
        yield f"{module.__name__}.{name}", inspect.getdoc(value)
        if inspect.isclass(value):
            for member_name, member in vars(value).items():
                function = getattr(member, "__func__", getattr(member, "fget", member))
                if getattr(function, "__module__", None) == module.__name__:
                    yield f"{module.__name__}.{name}.{member_name}", inspect.getdoc(function)


@pytest.mark.parametrize("name", module_names())
def test_docstring_examples(name):
    module = importlib.import_module(name)
    parser = doctest.DocTestParser()
    failures = []
    for where, text in docstrings(module):
        if not isinstance(text, str) or ">>>" not in text:
            continue
        with np.printoptions(legacy=None):
            test = parser.get_doctest(text, dict(vars(module)), where, module.__file__, 0)
            runner = doctest.DocTestRunner(optionflags=FLAGS)
            report = []
            runner.run(test, out=report.append)
        if runner.failures:
            failures.append("".join(report))
    assert not failures, "\n".join(failures)


def readme_blocks():
    if not README.exists():
        return []
    return re.findall(r"^```python\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.skipif(not README.exists(), reason="needs the source tree")
@pytest.mark.parametrize("code", readme_blocks())
def test_readme_example(code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
