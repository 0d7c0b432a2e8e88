"""TLS between two processes of one user, in which each side must have the same key."""

import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Self
from urllib.parse import urlencode

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from littlechat.platform.data_directory import write_whole
from littlechat.platform.database_process import HOST

PREFIX = "mutual-tls-"
VALID = timedelta(days=1)


class MutualTls:
    """A key and its certificate in a directory that only this user can enter, until it is left."""

    def __init__(self, parent: Path) -> None:
        self._parent = parent

    def __enter__(self) -> Self:
        for leftover in self._parent.glob(f"{PREFIX}*"):
            shutil.rmtree(leftover, ignore_errors=True)
        self._directory = Path(tempfile.mkdtemp(prefix=PREFIX, dir=self._parent))
        self._key, self._certificate = self._directory / "key.pem", self._directory / "cert.pem"
        key, certificate = make_certificate()
        write_whole(self._certificate, certificate)
        # The driver wants both in one file, the server takes the key from it.
        write_whole(self._key, key + certificate)
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._directory, ignore_errors=True)

    @property
    def server_options(self) -> tuple[str, ...]:
        """The options of the server: it listens to nobody else's certificate."""
        certificate, key = str(self._certificate), str(self._key)
        files = ("--tls-cert-file", certificate, "--tls-key-file", key)
        return (*files, "--tls-ca-file", certificate, "--tls-require-client-cert")

    @property
    def client_options(self) -> str:
        """The options of the client's URI: it talks to no other server."""
        files = {"tlsCAFile": str(self._certificate), "tlsCertificateKeyFile": str(self._key)}
        return "?" + urlencode({"tls": "true", **files})


def make_certificate() -> tuple[str, str]:
    """Return a new key and a certificate for the loopback address, signed by itself, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "littlechat")])
    moment = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - VALID)
        .not_valid_after(moment + VALID)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return plain.decode(), certificate.public_bytes(Encoding.PEM).decode()
