//! Reading private ssh keys: OpenSSH and PEM, encrypted or not; for logging in and for signing.

use crate::error::{ErrorKind, GitError, Result};
use russh::keys::{PrivateKey, decode_secret_key};
use secrecy::{ExposeSecret, SecretString};
use ssh_key::{Algorithm, private::KeypairData};

/// Reads a key of a kind that is still safe to use: ed25519, ECDSA, RSA from 2,048 bits.
pub(crate) fn read(identity: &SecretString, password: Option<&SecretString>) -> Result<PrivateKey> {
    let text: String = identity.expose_secret().lines().map(|line| format!("{}\n", line.trim())).collect();
    let invalid =
        |why: &str| GitError::new(ErrorKind::Invalid, format!("the private ssh key (identity) {why}"));
    let key =
        decode_secret_key(&text, password.map(ExposeSecret::expose_secret)).map_err(|error| match error {
            russh::keys::Error::KeyIsEncrypted => invalid("is encrypted; add its password"),
            _ if password.is_some() => invalid("cannot be read; check the password, or bring the key into OpenSSH's format with ssh-keygen -p"),
            _ => {
                invalid("cannot be read; give an OpenSSH or PEM private key, with its password if it has one")
            }
        })?;
    if key.is_encrypted() {
        return Err(invalid("is encrypted; add its password"));
    }
    match (key.algorithm(), key.key_data()) {
        (Algorithm::Ed25519 | Algorithm::Ecdsa { .. }, _) => Ok(key),
        (Algorithm::Rsa { .. }, KeypairData::Rsa(pair)) if pair.public().key_size() >= 2048 => Ok(key),
        (Algorithm::Rsa { .. }, _) => {
            Err(invalid("is an RSA key of less than 2,048 bits; use a longer one or ed25519"))
        }
        (other, _) => Err(invalid(&format!("is of the unsupported kind {other}; use ed25519, ECDSA or RSA"))),
    }
}
