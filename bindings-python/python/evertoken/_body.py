"""Bodies that are read piece by piece: files, and forms with files in them."""

from __future__ import annotations

TYPE_CHECKING = False  # typing costs more to import than all of this package
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import IO, Any, TypeAlias

    from ._types import Files

    Source: TypeAlias = Iterable[bytes]

CHUNK_BYTES = 64 * 1024


def chunks(file: Any) -> Iterator[bytes]:
    """The rest of a file, in pieces. The text of a text file is encoded in UTF-8."""
    while piece := file.read(CHUNK_BYTES):
        yield piece.encode("utf-8") if isinstance(piece, str) else piece


class FileBody:
    """A file from its present position. Each iteration begins there, so that the body can be sent twice."""

    __slots__ = ("_file", "_start", "length", "rewindable")

    length: int | None
    """Bytes from there to the end; None if the file is not seekable, or is a text file."""
    rewindable: bool

    def __init__(self, file: Any) -> None:
        self._file: IO[bytes] = file
        self.length = None
        try:
            self.rewindable = bool(file.seekable())
            self._start = file.tell() if self.rewindable else 0
        except (AttributeError, OSError):
            self.rewindable = False
            return
        if self.rewindable and not hasattr(file, "encoding"):
            end = file.seek(0, 2)
            file.seek(self._start)
            self.length = end - self._start

    def __iter__(self) -> Iterator[bytes]:
        self._file.seek(self._start)
        return chunks(self._file)


class Multipart:
    """A form with files (RFC 7578). Each iteration rewinds its files."""

    __slots__ = ("_pieces",)

    def __init__(self, pieces: list[bytes | FileBody]) -> None:
        self._pieces = pieces

    @property
    def is_bytes(self) -> bool:
        return all(isinstance(piece, bytes) for piece in self._pieces)

    @property
    def length(self) -> int | None:
        total = 0
        for piece in self._pieces:
            length = len(piece) if isinstance(piece, bytes) else piece.length
            if length is None:
                return None
            total += length
        return total

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            if isinstance(piece, bytes):
                yield piece
            else:
                yield from piece


def multipart(files: Files, fields: list[tuple[str, Any]]) -> tuple[Multipart, str]:
    """The body of a form with files, and its content type.

    Raises:
        TypeError: A file is neither bytes, str nor a file object.
    """
    from os import urandom

    boundary = urandom(16).hex()
    pieces: list[bytes | FileBody] = []
    for name, value in fields:
        text = value if isinstance(value, bytes) else str(value).encode("utf-8")
        pieces.append(b"".join((_head(boundary, name, None, None), text, b"\r\n")))
    for name, part in files.items() if hasattr(files, "items") else files:
        filename, content, content_type = _part(part)
        pieces.append(_head(boundary, name, filename, content_type))
        pieces.append(_piece(name, content))
        pieces.append(b"\r\n")
    pieces.append(f"--{boundary}--\r\n".encode("ascii"))
    return Multipart(pieces), f"multipart/form-data; boundary={boundary}"


def _part(part: Any) -> tuple[str | None, Any, str | None]:
    """File name, content and content type of a part, which is given as content or as a tuple."""
    filename, content, content_type = (*part, None, None)[:3] if isinstance(part, tuple) else (_name_of(part), part, None)
    if content_type is None and filename:
        from mimetypes import guess_type

        content_type = guess_type(filename)[0] or "application/octet-stream"
    return filename, content, content_type


def _name_of(content: Any) -> str:
    from os.path import basename

    name = getattr(content, "name", None)
    return basename(name) if isinstance(name, str) and not name.startswith("<") else "upload"


def _piece(name: str, content: Any) -> bytes | FileBody:
    if isinstance(content, str):
        return content.encode("utf-8")
    if isinstance(content, (bytes, bytearray, memoryview)):
        return bytes(content)
    if not hasattr(content, "read"):
        raise TypeError(f"files: {name} must be bytes, str or a file, not {type(content).__name__}")
    file = FileBody(content)
    # A file that cannot be rewound is read into memory, so that the whole form can be sent again.
    return file if file.rewindable else b"".join(chunks(content))


def _head(boundary: str, name: str, filename: str | None, content_type: str | None) -> bytes:
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"'
    if filename is not None:
        head += f'; filename="{_quoted(filename)}"'
    if content_type is not None:
        head += f"\r\nContent-Type: {content_type}"
    return f"{head}\r\n\r\n".encode()


def _quoted(name: str) -> str:
    # As browsers do (WHATWG HTML, multipart/form-data), so that a name can end neither the quoted string nor the header.
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
