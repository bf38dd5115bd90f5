"""Moto's objects as bytes and back, but for the content of S3 objects, which stands elsewhere by its digest."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)
from moto.s3.models import FakeKey
from moto.s3.utils import _VersionedKeyStore  # pyright: ignore[reportPrivateUsage] - what buckets keep their objects in

if TYPE_CHECKING:
    import io
    from collections.abc import Callable


class MotoPickler(pickle.Pickler):
    """Pickles moto's objects, leaving the content of S3 objects to `store`."""

    def __init__(self, file: io.BytesIO, store: Callable[[bytes], str]) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self._store = store

    def reducer_override(self, obj: object) -> Any:
        """How what does not pickle by itself is taken apart."""
        if isinstance(obj, FakeKey):
            state = dict(obj.__getstate__())
            content = _ContentName(self._store(state.pop("value")))
            return _rebuild_key, (state, content)
        if isinstance(obj, _VersionedKeyStore):
            # As a dict it would show only the newest version of each object.
            store: Any = obj
            return _rebuild_store, ([(key, store.getlist(key)) for key in store],)
        # KMS holds the key objects of its cryptography library, which do not pickle.
        if isinstance(obj, get_args(PrivateKeyTypes)):
            private: Any = obj
            return _load_private_key, (private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),)
        if isinstance(obj, get_args(PublicKeyTypes)):
            public: Any = obj
            return _load_public_key, (public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),)
        return NotImplemented


@dataclass(frozen=True, slots=True)
class _ContentName:
    digest: str


class MotoUnpickler(pickle.Unpickler):
    """Reads what `MotoPickler` wrote; the content of S3 objects comes from `load`."""

    def __init__(self, file: io.BytesIO, load: Callable[[str], bytes]) -> None:
        super().__init__(file)
        self._load = load

    def find_class(self, module: str, name: str) -> Any:
        """What a name in the pickle stands for; for the objects of S3 it is our own."""
        if name == _rebuild_key.__name__ and module == _rebuild_key.__module__:
            return self._rebuild_key
        return super().find_class(module, name)

    def _rebuild_key(self, state: dict[str, Any], content: _ContentName) -> FakeKey:
        key: Any = FakeKey.__new__(FakeKey)
        key.__setstate__({**state, "value": self._load(content.digest)})
        return key


def _rebuild_store(objects: list[tuple[str, list[FakeKey]]]) -> _VersionedKeyStore:
    store = _VersionedKeyStore()
    for key, versions in objects:
        store.setlist(key, versions)
    return store


def _load_private_key(der: bytes) -> PrivateKeyTypes:
    return load_der_private_key(der, None)


def _load_public_key(der: bytes) -> PublicKeyTypes:
    return load_der_public_key(der)


def _rebuild_key(*_: object) -> FakeKey:
    """Stand in a pickle for what `MotoUnpickler` does, which knows where content is."""
    raise TypeError("S3 objects are read by MotoUnpickler only")
