//! Signing commits in process: with an ssh key, or with GPG (Flux's default). Both pass `git verify-commit`.

use crate::{
    error::{ErrorKind, GitError, Result},
    keys,
};
use pgp::{
    composed::{ArmorOptions, Deserializable as _, DetachedSignature, SignedSecretKey},
    crypto::hash::HashAlgorithm,
    packet::{SecretKey, SecretSubkey, Signature},
    types::{KeyDetails as _, Password},
};
use secrecy::{ExposeSecret, SecretString};
use std::{fmt, time::Duration};

/// Signs commits; the key is decrypted once.
pub struct Signer(Kind);

enum Kind {
    Ssh(Box<russh::keys::PrivateKey>),
    GpgPrimary(Box<SecretKey>),
    GpgSubkey(Box<SecretSubkey>),
}

impl Signer {
    /// An ed25519, ECDSA or RSA (from 2,048 bits) key as OpenSSH or PEM text.
    ///
    /// # Errors
    /// `Invalid` where it is no such key, or the password does not open it.
    pub fn ssh(identity: &SecretString, password: Option<&SecretString>) -> Result<Self> {
        keys::read(identity, password).map(|key| Self(Kind::Ssh(Box::new(key))))
    }

    /// The one key in an armored export of GPG. Its newest subkey that may sign is used, else the primary key.
    ///
    /// # Errors
    /// `Invalid` where there is not exactly one private key, none that may sign now, or the passphrase is wrong.
    pub fn gpg(armored: &SecretString, passphrase: Option<&SecretString>) -> Result<Self> {
        let unreadable =
            |_| invalid("is no armored GPG private key; export it with gpg --export-secret-keys --armor");
        let (keys, _) =
            SignedSecretKey::from_armor_many(armored.expose_secret().as_bytes()).map_err(unreadable)?;
        let keys = keys.collect::<std::result::Result<Vec<_>, _>>().map_err(unreadable)?;
        let Ok([key]) = <[SignedSecretKey; 1]>::try_from(keys) else {
            return Err(invalid("must hold exactly one key"));
        };
        let password = Password::from(passphrase.map(ExposeSecret::expose_secret).unwrap_or_default());
        let wrong = |_| {
            invalid(if passphrase.is_some() {
                "does not open with this passphrase"
            } else {
                "is encrypted; add its passphrase"
            })
        };
        let primary_may = may_sign(primary_signatures(&key), key.primary_key.created_at().as_secs());
        let revoked = !key.details.revocation_signatures.is_empty();
        let newest = key
            .secret_subkeys
            .into_iter()
            .filter(|subkey| may_sign(subkey.signatures.iter(), subkey.key.created_at().as_secs()))
            .max_by_key(|subkey| subkey.key.created_at().as_secs());
        match newest {
            _ if revoked => Err(invalid("is revoked")),
            Some(subkey) => {
                let mut key = subkey.key;
                key.remove_password(&password).map_err(wrong)?;
                Ok(Self(Kind::GpgSubkey(Box::new(key))))
            }
            None if primary_may => {
                let mut key = key.primary_key;
                key.remove_password(&password).map_err(wrong)?;
                Ok(Self(Kind::GpgPrimary(Box::new(key))))
            }
            None => Err(invalid("may not sign, or has expired")),
        }
    }

    /// The text of the commit's `gpgsig` header.
    pub(crate) fn sign(&self, payload: &[u8]) -> Result<String> {
        match &self.0 {
            Kind::Ssh(key) => key
                .sign("git", ssh_key::HashAlg::Sha512, payload)
                .and_then(|signature| signature.to_pem(ssh_key::LineEnding::LF))
                .map_err(|error| {
                    GitError::new(ErrorKind::Invalid, format!("the ssh key cannot sign: {error}"))
                }),
            Kind::GpgPrimary(key) => armored(key.as_ref(), payload),
            Kind::GpgSubkey(key) => armored(key.as_ref(), payload),
        }
    }
}

fn invalid(why: &str) -> GitError {
    GitError::new(ErrorKind::Invalid, format!("the signing key (git.asc) {why}"))
}

fn armored(key: &impl pgp::types::SigningKey, payload: &[u8]) -> Result<String> {
    let hash = match key.hash_alg() {
        HashAlgorithm::Sha384 => HashAlgorithm::Sha384,
        _ => HashAlgorithm::Sha512,
    };
    DetachedSignature::sign_binary_data(rand::rngs::OsRng, key, &Password::empty(), hash, payload)
        .and_then(|signature| signature.to_armored_string(ArmorOptions::default()))
        .map_err(|error| GitError::new(ErrorKind::Invalid, format!("the GPG key cannot sign: {error}")))
}

/// What the primary key says about itself, the newest statement last.
fn primary_signatures(key: &SignedSecretKey) -> impl Iterator<Item = &Signature> {
    let users = key.details.users.iter().flat_map(|user| user.signatures.iter());
    key.details.direct_signatures.iter().chain(users)
}

/// Whether the newest of a key's own signatures lets it sign today.
fn may_sign<'a>(signatures: impl Iterator<Item = &'a Signature>, created: u32) -> bool {
    in_force(signatures, created).is_some_and(|newest| newest.key_flags().sign())
}

/// The newest of a key's own signatures, unless the key is revoked or has expired.
pub(crate) fn in_force<'a>(
    signatures: impl Iterator<Item = &'a Signature>,
    created: u32,
) -> Option<&'a Signature> {
    let signatures: Vec<&Signature> = signatures.collect();
    let revoked = |signature: &&Signature| {
        signature.typ().is_some_and(|kind| format!("{kind:?}").contains("Revocation"))
    };
    if signatures.iter().any(revoked) {
        return None;
    }
    let newest =
        signatures.into_iter().max_by_key(|signature| signature.created().map_or(0, |at| at.as_secs()))?;
    let lifetime = newest.key_expiration_time().map_or(0, |lifetime| Duration::from(lifetime).as_secs());
    let now = jiff::Timestamp::now().as_second();
    let expired = lifetime > 0 && i64::from(created).saturating_add_unsigned(lifetime) <= now;
    (!expired).then_some(newest)
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Ssh(_) => "Signer(ssh)",
            Kind::GpgPrimary(_) | Kind::GpgSubkey(_) => "Signer(gpg)",
        })
    }
}
