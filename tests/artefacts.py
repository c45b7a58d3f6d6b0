"""Builders of artefacts for tests: zip, tar and its kin, Debian packages, container images as `docker save` writes."""

import gzip
import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Mapping, Sequence


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def tarred(files: Mapping[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def deb(control: Mapping[str, bytes], data: Mapping[str, bytes]) -> bytes:
    parts = {
        "debian-binary": b"2.0\n",
        "control.tar.gz": gzip.compress(tarred(control)),
        "data.tar.gz": gzip.compress(tarred(data)),
    }
    out = b"!<arch>\n"
    for name, content in parts.items():
        out += f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode() + content
        out += b"\n" * (len(content) % 2)
    return out


def docker_save(layers: Sequence[Mapping[str, bytes]], env: Sequence[str] = (), history: Sequence[str] = ()) -> bytes:
    """An image as `docker save` writes it since version 25: an OCI layout with a manifest.json."""
    blobs: dict[str, bytes] = {}

    def kept(content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = content
        return digest

    tars = [tarred(layer) for layer in layers]
    config = {
        "architecture": "amd64",
        "config": {"Env": ["PATH=/usr/bin", *env], "Labels": {"maintainer": "someone"}},
        "history": [{"created_by": line} for line in history],
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(tar).hexdigest()}" for tar in tars]},
    }
    names = [f"blobs/sha256/{kept(gzip.compress(tar, mtime=0))}" for tar in tars]
    told = json.dumps(config).replace("&", "\\u0026").encode()  # as Go writes it
    manifest = [{"Config": f"blobs/sha256/{kept(told)}", "RepoTags": ["app:1"], "Layers": names}]
    return tarred({**blobs, "manifest.json": json.dumps(manifest).encode(), "oci-layout": b"{}"})
