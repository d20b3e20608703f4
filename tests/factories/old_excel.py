"""Old .xls files and the boxes that passwords put new ones in, as few bytes as readers accept ([MS-CFB], [MS-XLS])."""

import struct

SECTOR, FREE, END_OF_CHAIN, FAT_SECTOR = 512, 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
SMALL = 4096  # streams below it would go into the mini stream: they are padded instead, unless ``mini``
MINI_SECTOR = 64


def compound_file(streams: dict[str, bytes], *, mini: bool = False) -> bytes:
    """A compound file; with ``mini`` its streams lie in the mini stream, as small ones do."""
    body: list[bytes] = []
    fat: list[int] = []

    def place(data: bytes) -> int:
        count = max(-(-len(data) // SECTOR), 1)
        start = len(fat)
        fat.extend([*range(start + 1, start + count), END_OF_CHAIN])
        body.append(data.ljust(count * SECTOR, b"\0"))
        return start

    entries, mini_data, mini_fat = [], b"", []
    for name, data in streams.items():
        if mini:
            count = -(-len(data) // MINI_SECTOR)
            start = len(mini_fat)
            mini_fat += [*range(start + 1, start + count), END_OF_CHAIN]
            mini_data += data.ljust(count * MINI_SECTOR, b"\0")
        else:
            data = data.ljust(SMALL, b"\0")
            start = place(data)
        entries.append(_entry(name, 2, start, len(data)))
    root = place(mini_data) if mini else END_OF_CHAIN
    mini_table = struct.pack(f"<{len(mini_fat)}I", *mini_fat).ljust(SECTOR, b"\xff")
    mini_fat_start = place(mini_table) if mini else END_OF_CHAIN
    links = [_entry("Root Entry", 5, root, len(mini_data), child=1 if entries else FREE)]
    for number, entry in enumerate(entries, start=1):
        right = number + 1 if number < len(entries) else FREE
        links.append(entry[:68] + struct.pack("<III", FREE, right, FREE) + entry[80:])
    directory = place(b"".join(links))
    fat_start = len(fat)
    fat.append(FAT_SECTOR)
    table = struct.pack(f"<{len(fat)}I", *fat).ljust(SECTOR, b"\xff")
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIII", 0, 1, directory, 0, SMALL)
    header += struct.pack("<IIII", mini_fat_start, 1 if mini else 0, END_OF_CHAIN, 0)
    header += struct.pack("<109I", fat_start, *[FREE] * 108)
    return header + b"".join(body) + table


def _entry(name: str, kind: int, start: int, size: int, *, child: int = FREE) -> bytes:
    text = name.encode("utf-16-le")
    head = text.ljust(64, b"\0") + struct.pack("<HBB", len(text) + 2, kind, 1)
    return head + struct.pack("<III", FREE, FREE, child) + bytes(36) + struct.pack("<IQ", start, size)


def _record(kind: int, body: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def _begin(kind: int) -> bytes:
    return _record(0x809, struct.pack("<HHHHII", 0x600, kind, 0, 0, 0, 6))


def old_workbook(
    rows: list[list[str]],
    *,
    hidden_rows: tuple[int, ...] = (),
    merged: tuple[int, int, int, int] | None = None,
    error_at: tuple[int, int] | None = None,
    epoch_1904: bool = False,
    password: bool = False,
) -> bytes:
    """The workbook stream of one sheet; rows and columns count from 0, ``merged`` is top, bottom, left, right."""
    globals_ = _begin(5)
    if password:
        globals_ += _record(0x2F, struct.pack("<HHHH", 0, 0, 1, 1))
    globals_ += _record(0x22, struct.pack("<H", int(epoch_1904)))
    name = "名册"
    bound = struct.pack("<IBBBB", 0, 0, 0, len(name), 1) + name.encode("utf-16-le")
    start = len(globals_) + 4 + len(bound) + 4
    globals_ += _record(0x85, struct.pack("<I", start) + bound[4:]) + _record(0x0A)
    sheet = _begin(0x10)
    for number, cells in enumerate(rows):
        flags = 0x100 | (0x20 if number in hidden_rows else 0)
        sheet += _record(0x208, struct.pack("<HHHHHHHH", number, 0, len(cells), 255, 0, 0, flags, 15))
        for column, text in enumerate(cells):
            place = struct.pack("<HHH", number, column, 15)
            if (number, column) == error_at:
                sheet += _record(0x205, place + bytes([0x2A, 1]))
            elif text:
                sheet += _record(0x204, place + struct.pack("<HB", len(text), 1) + text.encode("utf-16-le"))
    if merged:
        sheet += _record(0xE5, struct.pack("<HHHHH", 1, *merged))
    return globals_ + sheet + _record(0x0A)
