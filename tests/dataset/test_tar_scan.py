import gzip
import io
import random
import tarfile

import pytest

from sightline.dataset.sources.tar_scan import TarScan, scan_tar
from tars import picture, tar_bytes


def scanned(data: bytes) -> TarScan:
    return scan_tar(io.BytesIO(data))


def reasons(scan: TarScan) -> dict[str, str]:
    return {aside.path: aside.reason for aside in scan.aside}


@pytest.mark.parametrize("archive_format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT], ids=["GNU", "pax"])
def test_members_are_found_at_their_bytes_under_names_of_any_length(archive_format: int) -> None:
    names = ["a.png", f"{'deep/' * 60}ü {'x' * 180}.png", "b.png"]
    data = tar_bytes(dict.fromkeys(names), archive_format)

    scan = scanned(data)

    assert [member.name for member in scan.members] == names
    assert [data[one.offset : one.offset + one.size_bytes] for one in scan.members] == list(
        map(picture, names)
    )
    assert scan.aside == ()


def test_labels_are_read_and_pictures_are_not() -> None:
    scan = scanned(tar_bytes({"a.png": None, "a.cls": "3", "a.json": {"x": 1}, "__classes__": "cat\n"}))

    assert [member.text for member in scan.members] == [None, b"3", b'{"x": 1}', b"cat\n"]


def test_a_tar_of_a_whole_folder_names_its_members_plainly() -> None:
    scan = scanned(
        tar_bytes({"./cat/a.png": None, "cat//b.png": None, "./._a.png": b"x", "__MACOSX/c.png": b""})
    )

    assert [member.name for member in scan.members] == ["cat/a.png", "cat/b.png"]


@pytest.mark.parametrize(
    "name",
    ["/etc/a.png", "../a.png", "cat/../../a.png", "C:/a.png", "cat\\a.png", "\udcff.png"],
    ids=["absolute", "upwards", "upwards within", "drive", "backslash", "no UTF-8"],
)
def test_names_that_lead_elsewhere_are_set_aside(name: str) -> None:
    scan = scanned(tar_bytes({name: b"x", "good.png": None}, tarfile.GNU_FORMAT))

    assert [member.name for member in scan.members] == ["good.png"]
    assert [aside.reason for aside in scan.aside] == ["bad_name"]


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE], ids=repr
)
def test_what_is_no_regular_file_is_set_aside_and_not_followed(kind: bytes) -> None:
    odd = tarfile.TarInfo("odd.png")
    odd.type, odd.linkname = kind, "/etc/passwd"
    folder = tarfile.TarInfo("cat")
    folder.type = tarfile.DIRTYPE

    scan = scanned(tar_bytes([folder, odd, ("good.png", None)]))

    assert [member.name for member in scan.members] == ["good.png"]
    assert reasons(scan) == {"odd.png": "not_a_file"}


def test_a_tar_that_ends_within_a_member_keeps_those_before() -> None:
    data = tar_bytes({"a.png": None, "b.png": None})

    scan = scanned(data[: scanned(data).members[1].offset + 10])

    assert [member.name for member in scan.members] == ["a.png"]
    assert reasons(scan) == {"b.png": "truncated"}


def test_a_tar_without_an_end_mark_says_that_members_may_be_missing() -> None:
    data = tar_bytes({"a.png": None, "b.png": None})

    scan = scanned(data[: scanned(data).members[1].offset - 512])

    assert [member.name for member in scan.members] == ["a.png"]
    assert reasons(scan) == {"": "truncated"}


def test_what_lies_behind_a_damaged_header_is_told_as_lost() -> None:
    data = bytearray(tar_bytes({"a.png": None, "b.png": None, "c.png": None}))
    header = scanned(bytes(data)).members[1].offset - 512
    data[header : header + 200] = b"\xff" * 200

    scan = scanned(bytes(data))

    assert [member.name for member in scan.members] == ["a.png"]
    assert reasons(scan) == {"": "corrupt"}
    assert f"at byte {header:,}" in scan.aside[0].message


def test_tars_put_together_by_cat_are_told() -> None:
    data = tar_bytes({"a.png": None})

    assert reasons(scanned(data + data)) == {"": "trailing_data"}


@pytest.mark.parametrize(
    "data, reason",
    [
        pytest.param(b"", "corrupt", id="empty"),
        pytest.param(b"no tar at all" * 100, "corrupt", id="text"),
        pytest.param(gzip.compress(tar_bytes({"a.png": None})), "format_not_allowed", id="gzip"),
    ],
)
def test_what_is_no_tar_has_no_members_and_says_so(data: bytes, reason: str) -> None:
    scan = scanned(data)

    assert scan.members == ()
    assert reasons(scan) == {"": reason}


def test_a_compressed_tar_is_told_with_the_command_that_unpacks_it() -> None:
    [aside] = scanned(gzip.compress(tar_bytes({"a.png": None}))).aside

    assert "gzip -dc" in aside.message


def test_a_negative_size_ends_the_search() -> None:
    data = bytearray(tar_bytes({"a.png": None, "b.png": None}))
    info = tarfile.TarInfo("b.png")
    info.size = -512
    header = scanned(bytes(data)).members[1].offset - 512
    data[header : header + 512] = info.tobuf(tarfile.GNU_FORMAT)

    scan = scanned(bytes(data))

    assert [member.name for member in scan.members] == ["a.png"]
    assert reasons(scan) == {"": "corrupt"}


def test_a_header_that_claims_megabytes_is_not_read() -> None:
    class Counted(io.BytesIO):
        most = 0

        def read(self, count: int | None = -1) -> bytes:
            self.most = max(self.most, count or 0)
            return super().read(count)

    info = tarfile.TarInfo("pax")
    info.type, info.size = tarfile.XHDTYPE, 8 << 20
    member = tar_bytes({"a.png": None})[:1024]
    stream = Counted(member + info.tobuf(tarfile.GNU_FORMAT) + bytes(9 << 20))

    scan = scan_tar(stream)

    assert [member.name for member in scan.members] == ["a.png"]
    assert reasons(scan) == {"": "corrupt"}
    assert stream.most <= 1 << 20


def test_no_damage_raises_or_leads_outside_the_file() -> None:
    whole = tar_bytes({"a.png": None, f"{'n' * 150}.png": None, "a.cls": "1", "ü.png": None})
    rng = random.Random(0)
    for _ in range(1500):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 6)):
            data[rng.randrange(len(data) // 512) * 512 + rng.randrange(512)] = rng.randrange(256)
        cut = bytes(data[: rng.randint(0, len(data))]) if rng.random() < 0.3 else bytes(data)

        scan = scanned(cut)

        assert all(0 <= one.offset <= one.offset + one.size_bytes <= len(cut) for one in scan.members)
