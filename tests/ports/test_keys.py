"""Keys of moto's, proven by what they have encrypted."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from free_ports import free_port

from automation.errors import HhctlError
from automation.ports.keys import is_proven_by_use, must_decrypt

if TYPE_CHECKING:
    from collections.abc import Mapping

ALIAS = "alias/house-helper-state"


@pytest.fixture
def kms(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "tester")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "tester")
    made: Any = boto3.Session()
    return made.client("kms", region_name="us-west-2", endpoint_url=s3_endpoint)


def encrypted(kms: Any, context: Mapping[str, str]) -> str:
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    return base64.b64encode(kms.encrypt(KeyId=key, Plaintext=b"data key", EncryptionContext=context)["CiphertextBlob"]).decode()


def test_a_key_that_decrypts_what_it_has_encrypted_is_proven(kms: Any, s3_endpoint: str) -> None:
    provider = f"awskms://{ALIAS}?region=us-west-2&endpoint={s3_endpoint}"
    must_decrypt(provider, encrypted(kms, {}))
    must_decrypt(f"{provider}&context_stack=dr", encrypted(kms, {"stack": "dr"}))


def test_a_key_that_does_not_decrypt_or_is_out_of_reach_is_told(kms: Any, s3_endpoint: str) -> None:
    provider = f"awskms://{ALIAS}?region=us-west-2&endpoint={s3_endpoint}"
    with pytest.raises(HhctlError, match="the key alias/house-helper-state cannot be had"):
        must_decrypt(provider, encrypted(kms, {"stack": "prod"}))
    with pytest.raises(HhctlError, match="the key alias/house-helper-state cannot be reached"):
        must_decrypt(f"awskms://{ALIAS}?region=us-west-2&endpoint=http://127.0.0.1:{free_port()}", encrypted(kms, {}))


@pytest.mark.parametrize(("provider", "proven"), [(f"awskms://{ALIAS}?region=us-west-2", True), ("passphrase", False), ("", False)])
def test_of_a_passphrase_nothing_is_proven(provider: str, *, proven: bool) -> None:
    assert is_proven_by_use(provider) is proven
