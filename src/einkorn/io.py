"""Weight files: dictionaries of arrays, on disk, without pickle.

Two formats, chosen by the file's suffix: `safetensors <https://github.com/huggingface/safetensors>`_
(any suffix but ``.npz``) and NumPy's ``.npz``. Neither can carry code. Files are written beside
their target and moved over it when complete, so a reader sees the old file or the new one and a
crash leaves the old one. Files are read as if an enemy had written them: sizes that a file declares
are held against its own size and a limit before any memory is asked for.
"""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import secrets
import zipfile
from collections.abc import Iterator, Mapping
from typing import IO, Any

import numpy as np

__all__ = ["WeightFileError", "atomic_path", "load", "load_with_metadata", "save", "to_array"]

#: Longest safetensors header read or written: some 100,000 tensors.
MAX_HEADER_BYTES = 1 << 24

#: An ``.npz`` may always expand to this size ...
FREE_EXPANSION_BYTES = 1 << 26

#: ... and beyond it to this multiple of its size on disk.
MAX_EXPANSION = 16

_METADATA = "__metadata__"

#: What the formats hold and NumPy has: not bfloat16 nor the 8-bit floats.
_SAFETENSORS_DTYPES = frozenset(
    ["BOOL", "U8", "I8", "U16", "I16", "U32", "I32", "U64", "I64", "F16", "F32", "F64", "C64"]
)


class WeightFileError(ValueError):
    """A weight file is damaged, hostile, too large, or holds what einkorn does not read."""


def save(
    arrays: Mapping[str, Any],
    path: str | os.PathLike[str],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write named arrays to a file, atomically.

    Every array is made C-contiguous and of native byte order first: safetensors itself writes the
    memory of a transposed array in the wrong order without a word.

    Parameters
    ----------
    arrays : mapping of str to array or Tensor
        Booleans, integers, floats, or complex numbers, of any shape and layout.
    path : path-like
        ``.npz`` selects NumPy's format, every other suffix safetensors.
    metadata : mapping of str to str, optional
        Text kept with the arrays; read by `load_with_metadata`.

    Raises
    ------
    TypeError
        `arrays` is no mapping, a name, a value or a metadata entry has the wrong type, or the
        format lacks the dtype.
    ValueError
        A name is reserved, or names and metadata exceed `MAX_HEADER_BYTES`.
    ImportError
        The safetensors package is missing.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> path = os.path.join(tempfile.mkdtemp(), "weights.npz")
    >>> save({"weight": np.eye(2).T}, path)
    >>> load(path)["weight"]
    array([[1., 0.],
           [0., 1.]])
    """
    if not isinstance(arrays, Mapping):
        raise TypeError(f"arrays: expected a mapping of names, got {type(arrays).__name__}")
    checked = {_checked_name(name): _saved_form(name, value) for name, value in arrays.items()}
    text = _checked_metadata(metadata or {})
    write = _write_npz if _is_npz(path) else _write_safetensors
    with atomic_path(path) as temporary:
        write(checked, temporary, text)


def load(path: str | os.PathLike[str], *, max_bytes: int | None = None) -> dict[str, np.ndarray]:
    """Read the arrays that `save` (or PyTorch's safetensors, or `numpy.savez`) wrote.

    Parameters
    ----------
    path : path-like
        ``.npz`` selects NumPy's format, every other suffix safetensors.
    max_bytes : int, optional
        Refuse files whose arrays take more memory. By default an ``.npz`` may expand to 64 MiB or
        16 times its size on disk, whichever is more; safetensors files do not expand.

    Returns
    -------
    dict of str to numpy.ndarray
        Writable arrays that own their memory.

    Raises
    ------
    WeightFileError
        The file is damaged or hostile, exceeds the limit, or holds objects or dtypes that NumPy
        lacks (bfloat16).
    OSError
        The file cannot be opened or read.
    """
    return load_with_metadata(path, max_bytes=max_bytes)[0]


def load_with_metadata(
    path: str | os.PathLike[str], *, max_bytes: int | None = None
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Like `load`, and the metadata given to `save` as well.

    Examples
    --------
    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "weights.npz")
    >>> save({}, path, metadata={"epoch": "3"})
    >>> load_with_metadata(path)
    ({}, {'epoch': '3'})
    """
    if max_bytes is not None and max_bytes < 0:
        raise ValueError(f"max_bytes: expected a size of at least 0, got {max_bytes}")
    read = _read_npz if _is_npz(path) else _read_safetensors
    return read(path, max_bytes)


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[str]:
    """Give the name of a temporary file that replaces `path` when the block ends without error.

    The file lies in the folder of `path` (a rename does not cross file systems) and reaches the
    disk before the rename.
    """
    target = os.path.realpath(os.fspath(path))
    folder, name = os.path.split(target)
    temporary = os.path.join(folder, f".{name}.{secrets.token_hex(8)}.tmp")
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    mode = os.stat(temporary).st_mode
    try:
        yield temporary
        os.chmod(temporary, mode)  # safetensors writes a private file of its own and renames it
        with open(temporary, "rb+") as written:
            os.fsync(written.fileno())
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    _sync_folder(folder)


def to_array(value: Any) -> np.ndarray:
    """Give the array behind a Tensor (einkorn's or PyTorch's) or anything array-like."""
    if isinstance(value, np.ndarray):
        return np.asarray(value)
    if hasattr(value, "detach"):
        value = value.detach()
    return np.asarray(value.numpy() if hasattr(value, "numpy") else value)


def _sync_folder(folder: str) -> None:
    if os.name != "posix":  # Windows cannot open folders
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_npz(path: str | os.PathLike[str]) -> bool:
    return os.fspath(path).lower().endswith(".npz")


def _checked_name(name: str) -> str:
    if not isinstance(name, str):
        raise TypeError(f"arrays: names must be str, got {name!r}")
    if name == _METADATA:
        raise ValueError(f"arrays: the name {_METADATA!r} is reserved")
    if "\0" in name:  # zip archives cut names there
        raise ValueError(f"arrays: names must not contain NUL, got {name!r}")
    return name


def _is_plain(dtype: np.dtype) -> bool:
    # Long doubles (g, G) differ in size between machines.
    return dtype.kind in "biufc" and dtype.char not in "gG"


def _saved_form(name: str, value: Any) -> np.ndarray:
    array = to_array(value)
    if not _is_plain(array.dtype):
        raise TypeError(
            f"arrays[{name!r}]: dtype {array.dtype} cannot be saved; "
            "expected booleans, integers, floats or complex numbers"
        )
    # Not np.ascontiguousarray: it turns shape () into (1,).
    return array.astype(array.dtype.newbyteorder("="), order="C", copy=False)


def _checked_metadata(metadata: Mapping[str, str]) -> dict[str, str]:
    for key, value in metadata.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise TypeError(f"metadata: expected str to str, got {key!r}: {value!r}")
    return dict(metadata)


@contextlib.contextmanager
def _hostile(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn whatever a parser raises on bad bytes into `WeightFileError`.

    Fed hostile bytes, zipfile, zlib, numpy and safetensors raise a dozen types between them, all of
    which mean one thing to the caller.
    """
    try:
        yield
    except WeightFileError:
        raise
    except Exception as error:
        # The file system's own troubles pass; EINVAL is a seek to a forged offset.
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise
        reason = str(error) or type(error).__name__
        raise WeightFileError(f"{os.fspath(path)}: not a valid weight file: {reason}") from error


# --- safetensors --------------------------------------------------------------------------------


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError(
            "reading and writing .safetensors files needs the safetensors package: "
            'pip install "einkorn[run]" (or use a path that ends in .npz)'
        ) from error
    return safetensors


def _write_safetensors(arrays: dict[str, np.ndarray], path: str, metadata: dict[str, str]) -> None:
    package = _safetensors()
    try:
        package.numpy.save_file(arrays, path, metadata=metadata or None)
    except package.SafetensorError as error:
        raise TypeError(f"arrays: safetensors cannot hold them: {error}") from error
    try:
        _check_safetensors_size(path, None)
    except WeightFileError as error:
        raise ValueError(f"arrays: too many names or too much metadata: {error}") from None


def _read_safetensors(
    path: str | os.PathLike[str], max_bytes: int | None
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    package = _safetensors()
    _check_safetensors_size(path, max_bytes)
    with _hostile(path), package.safe_open(os.fspath(path), framework="np") as file:
        arrays = {}
        for name in file.keys():  # noqa: SIM118 (not a dict: it cannot be iterated)
            _check_safetensors_dtype(path, name, file.get_slice(name).get_dtype())
            arrays[name] = file.get_tensor(name)
        return arrays, dict(file.metadata() or {})


def _check_safetensors_size(path: str | os.PathLike[str], max_bytes: int | None) -> None:
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        prefix = file.read(8)
    header = int.from_bytes(prefix, "little")
    if len(prefix) < 8 or header > size - 8:
        raise WeightFileError(
            f"{os.fspath(path)}: not a safetensors file, or cut short: "
            f"its {size} bytes are fewer than its header declares"
        )
    if header > MAX_HEADER_BYTES:
        raise WeightFileError(
            f"{os.fspath(path)}: a header of {header} bytes exceeds the limit of {MAX_HEADER_BYTES}"
        )
    _check_limit(path, size - 8 - header, max_bytes)


def _check_safetensors_dtype(path: str | os.PathLike[str], name: str, dtype: str) -> None:
    if dtype not in _SAFETENSORS_DTYPES:
        raise WeightFileError(
            f"{os.fspath(path)}: {name!r} has dtype {dtype}, which NumPy lacks; save it as F32"
        )


def _check_limit(path: str | os.PathLike[str], declared: int, limit: int | None) -> None:
    if limit is not None and declared > limit:
        raise WeightFileError(
            f"{os.fspath(path)}: its arrays take {declared} bytes, more than the limit of {limit}; "
            "pass a larger max_bytes if you trust the file"
        )


# --- npz ----------------------------------------------------------------------------------------


def _write_npz(arrays: dict[str, np.ndarray], path: str, metadata: dict[str, str]) -> None:
    members = dict(arrays)
    if metadata:
        members[_METADATA] = np.frombuffer(json.dumps(metadata).encode(), np.uint8)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, array in members.items():
            # A ZipInfo of our own carries no clock time: equal weights give equal files.
            info = zipfile.ZipInfo(f"{name}.npy")
            with archive.open(info, "w", force_zip64=True) as file:
                np.lib.format.write_array(file, array, allow_pickle=False)


def _read_npz(
    path: str | os.PathLike[str], max_bytes: int | None
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    if max_bytes is None:
        max_bytes = max(FREE_EXPANSION_BYTES, MAX_EXPANSION * os.path.getsize(path))
    with _hostile(path), zipfile.ZipFile(path) as archive:
        members = _checked_members(path, archive, max_bytes)
        arrays = {}
        for name, info in members.items():
            with archive.open(info) as file:
                arrays[name] = _read_npy(f"{os.fspath(path)}: {name!r}", file, info.file_size)
    text = arrays.pop(_METADATA, None)
    return arrays, {} if text is None else _decoded_metadata(path, text)


def _checked_members(
    path: str | os.PathLike[str], archive: zipfile.ZipFile, max_bytes: int
) -> dict[str, zipfile.ZipInfo]:
    members: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        name = info.filename.removesuffix(".npy")
        # bzip2 and LZMA expand further than deflate, and LZMA picks its own amount of memory.
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise WeightFileError(f"{os.fspath(path)}: {name!r} uses a compression not read here")
        if name == info.filename or name in members:
            raise WeightFileError(f"{os.fspath(path)}: unexpected member {info.filename!r}")
        members[name] = info
    _check_limit(path, sum(info.file_size for info in members.values()), max_bytes)
    return members


def _read_npy(label: str, file: IO[bytes], size: int) -> np.ndarray:
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
    elif version == (2, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_2_0(file)
    else:
        raise WeightFileError(f"{label}: .npy version {version} is not read here")
    if not _is_plain(dtype):
        raise WeightFileError(f"{label}: dtype {dtype} is refused (pickled objects carry code)")
    declared = math.prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or declared != size - file.tell():
        raise WeightFileError(
            f"{label}: shape {shape} of {dtype} needs {declared} bytes, "
            f"the member holds {size - file.tell()}"
        )
    array = np.empty(shape, dtype, order="F" if fortran else "C")
    _fill(label, array.reshape(-1, order="A"), file)
    return np.ascontiguousarray(array).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def _fill(label: str, flat: np.ndarray, file: IO[bytes]) -> None:
    buffer = flat.view(np.uint8).data
    done = 0
    while done < len(buffer):
        chunk = file.read(min(1 << 20, len(buffer) - done))
        if not chunk:
            raise WeightFileError(f"{label}: cut short after {done} of {len(buffer)} bytes")
        buffer[done : done + len(chunk)] = chunk
        done += len(chunk)
    file.read(1)  # reaching the end makes zipfile compare the checksum


def _decoded_metadata(path: str | os.PathLike[str], text: np.ndarray) -> dict[str, str]:
    with _hostile(path):
        metadata = json.loads(text.tobytes())
        if not isinstance(metadata, dict):
            raise WeightFileError(f"{os.fspath(path)}: its metadata is not a dictionary")
        return _checked_metadata(metadata)
