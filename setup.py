"""Builds the C kernels, one object per family and instruction set, and the Cython bindings.

Everything else about the package stands in pyproject.toml.

Environment variables:

``EINKORN_SANITIZE``
    a value for ``-fsanitize=``, such as ``address,undefined``.
``EINKORN_NO_THREADS``
    set to 1 to build kernels that use the calling thread alone.
"""

import os
import platform
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).parent
KERNELS = ROOT / "kernels"
SOURCE = ROOT / "src"
INCLUDE = SOURCE / "einkorn" / "include"
# All C is linked into this one module: a second copy would have threads and caches of its own.
CORE = "einkorn.kernels._core"


ISA_FLAGS = {
    "unix": {
        "neon": [],
        "avx2": ["-mavx2", "-mfma", "-mprfchw"],
        "avx512": [
            *("-mavx2", "-mfma", "-mprfchw"),
            *("-mavx512f", "-mavx512dq", "-mavx512bw", "-mavx512vl"),
            "-mprefer-vector-width=512",
        ],
    },
    "msvc": {"neon": [], "avx2": ["/arch:AVX2"], "avx512": ["/arch:AVX512"]},
}
# Contraction is off so that a variant rounds the same way whatever the compiler's mood;
# where a fused multiply-add is wanted, the kernels say so.
KERNEL_FLAGS = {
    "unix": [
        *("-O3", "-std=gnu11", "-ffp-contract=off", "-fno-math-errno", "-fvisibility=hidden"),
        *("-Wall", "-Wextra", "-g0"),
    ],
    "msvc": ["/O2", "/std:c11", "/experimental:c11atomics"],
}
BINDING_FLAGS = {"unix": ["-O2", "-fvisibility=hidden", "-g0"], "msvc": ["/O2"]}
# Checks make code long, and a report needs its lines only: with -O1 an unrolled kernel of vectors
# takes the compiler eight times as long, and more above. Scalar ones run too slowly without it: an
# interrupt waits for a whole task.
SANITIZED_FLAGS = ["-Og", "-g1"]
SANITIZED_SCALAR_FLAGS = ["-O1"]
THREAD_FLAGS = {"unix": ["-pthread"], "msvc": []}
CHOICES = ("EINKORN_SANITIZE", "EINKORN_NO_THREADS", "CC", "CFLAGS", "LDFLAGS")


def isa_of(source: Path) -> str | None:
    """The instruction set a source is for, by its name's ending: gemm_avx2.c."""
    ending = source.stem.rpartition("_")[2]
    return ending if ending in ISA_FLAGS["unix"] else None


def target_isas() -> tuple[str, ...]:
    """The instruction sets of the machine that the build is for, which need not be this one."""
    machine = sysconfig.get_platform().rpartition("-")[2]
    if machine == "universal2":
        machine = platform.machine().lower()
    by_machine = {
        ("x86_64", "amd64"): ("avx2", "avx512"),
        ("aarch64", "arm64"): ("neon",),
    }
    return next((isas for names, isas in by_machine.items() if machine in names), ())


def kernel_sources() -> list[Path]:
    wanted = (None, *target_isas())
    return sorted(s for s in KERNELS.rglob("*.c") if isa_of(s) in wanted)


def headers() -> list[Path]:
    return [
        h for folder in (KERNELS, INCLUDE) for h in folder.rglob("*") if h.suffix in (".h", ".inc")
    ]


def is_newer(target: Path, sources: list[Path]) -> bool:
    return target.exists() and all(
        s.exists() and target.stat().st_mtime > s.stat().st_mtime for s in sources
    )


def included(record: Path) -> list[Path]:
    """What the compiler read for an object, as it told make; every header where it did not."""
    if not record.exists():
        return headers()
    rule = record.read_text().replace("\\\n", " ").partition(": ")[2]
    return [Path(name) for name in rule.split()]


class BuildKernels(build_ext):
    """Compiles the kernels with per-ISA flags and links them into the core module."""

    def finalize_options(self):
        super().finalize_options()
        self.parallel = self.parallel or os.cpu_count()

    def build_extensions(self):
        family = "msvc" if self.compiler.compiler_type == "msvc" else "unix"
        common = self.sanitizer_flags()
        threads = THREAD_FLAGS[family]
        if os.environ.get("EINKORN_NO_THREADS") == "1":
            threads = ["-DEK_NO_THREADS"]
        choices = self.record_choices()
        for extension in self.extensions:
            extension.depends.append(str(choices))
            extension.extra_compile_args += BINDING_FLAGS[family] + common
            extension.extra_link_args += common
            if extension.name == CORE:
                extension.extra_link_args += threads
                flags = threads + common
                scalar = SANITIZED_SCALAR_FLAGS if common else []
                extension.extra_objects = self.compile_kernels(family, flags, scalar, choices)
                extension.depends += extension.extra_objects
        super().build_extensions()

    def record_choices(self) -> Path:
        """A file as old as the choices it holds: what was built by others is older, and stale."""
        record = Path(self.build_temp) / "choices.txt"
        text = "".join(f"{name}={os.environ.get(name, '')}\n" for name in CHOICES)
        if not record.exists() or record.read_text() != text:
            record.parent.mkdir(parents=True, exist_ok=True)
            record.write_text(text)
        return record

    def compile_kernels(
        self, family: str, flags: list[str], scalar: list[str], choices: Path
    ) -> list[str]:
        def compile_one(source: Path) -> str:
            target = Path(self.build_temp) / source.relative_to(ROOT).with_suffix(".o")
            if family == "msvc":
                target = target.with_suffix(".obj")
            record = target.with_suffix(".d")
            if not is_newer(target, [source, choices, Path(__file__), *included(record)]):
                isa = isa_of(source)
                listing = ["-MMD", "-MF", str(record)] if family == "unix" else []
                self.compiler.compile(
                    [os.path.relpath(source)],
                    output_dir=self.build_temp,
                    include_dirs=[str(KERNELS), str(INCLUDE)],
                    extra_postargs=KERNEL_FLAGS[family]
                    + (ISA_FLAGS[family][isa] if isa else [])
                    + flags
                    + ([] if isa else scalar)
                    + listing,
                )
            return str(target)

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(compile_one, kernel_sources()))

    def sanitizer_flags(self) -> list[str]:
        names = os.environ.get("EINKORN_SANITIZE")
        if not names:
            return []
        return [
            f"-fsanitize={names}",
            "-fno-omit-frame-pointer",
            "-fno-sanitize-recover=undefined",
            *SANITIZED_FLAGS,
        ]


def extensions() -> list[Extension]:
    define = [("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION")]
    return [
        Extension(
            ".".join(source.relative_to(SOURCE).with_suffix("").parts),
            [os.path.relpath(source, ROOT)],
            include_dirs=[str(INCLUDE), str(KERNELS), numpy.get_include()],
            define_macros=define,
            depends=[os.path.relpath(h, ROOT) for h in headers() if h.suffix == ".h"],
        )
        for source in sorted(SOURCE.rglob("*.pyx"))
    ]


setup(
    ext_modules=cythonize(
        extensions(),
        include_path=[str(SOURCE)],
        compiler_directives={
            "language_level": 3,
            "binding": True,
            "embedsignature": False,
            "boundscheck": False,
            "wraparound": False,
            "cdivision": True,
            "initializedcheck": False,
            "freethreading_compatible": True,
        },
    ),
    cmdclass={"build_ext": BuildKernels},
)
