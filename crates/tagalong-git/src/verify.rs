//! Whether a commit or a tag was signed by somebody trusted: with an ssh key, or with GPG. The counterpart of `sign`;
//! called for GitRepositories by the engine.

use crate::{
    error::{GitError, Result, clean},
    sign::in_force,
    tree::Reader,
};
use pgp::{
    composed::{Deserializable as _, DetachedSignature, SignedPublicKey},
    packet::KeyFlags,
    types::KeyDetails as _,
};
use ssh_key::{HashAlg, PublicKey, SshSig};

/// The public keys of trusted people.
#[derive(Debug, Default)]
pub struct TrustedKeys {
    ssh: Vec<PublicKey>,
    gpg: Vec<SignedPublicKey>,
    /// The names of values that hold no key.
    unreadable: Vec<String>,
}

/// What was signed, and the signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    payload: Vec<u8>,
    signature: Option<String>,
}

impl TrustedKeys {
    /// Takes the value `name` of a Secret: `*.sshpub` holds lines as in `authorized_keys`, all else armored GPG keys.
    pub fn add(&mut self, name: &str, value: &[u8]) {
        let text = String::from_utf8_lossy(value);
        let before = self.ssh.len() + self.gpg.len();
        if name.ends_with(".sshpub") {
            let entries = ssh_key::AuthorizedKeys::new(&text);
            self.ssh.extend(entries.flatten().map(|entry| entry.public_key().clone()));
        } else if let Ok((keys, _)) = SignedPublicKey::from_armor_many(text.as_bytes()) {
            self.gpg.extend(keys.map_while(std::result::Result::ok));
        }
        if self.ssh.len() + self.gpg.len() == before {
            self.unreadable.push(name.to_owned());
        }
    }

    /// Which key made the signature: GPG's long id, or the ssh fingerprint.
    ///
    /// # Errors
    /// Why none did, in words.
    pub fn verify(&self, signed: &Signed) -> std::result::Result<String, String> {
        let signature = signed.signature.as_deref().unwrap_or_default().trim_start();
        let verified = if signature.starts_with("-----BEGIN SSH SIGNATURE-----") {
            self.verify_ssh(signature, &signed.payload)
        } else if signature.starts_with("-----BEGIN PGP ") {
            self.verify_gpg(signature, &signed.payload)
        } else {
            let kind = match signature {
                "" => "empty",
                text if text.contains("BEGIN SIGNED MESSAGE") => "x509",
                _ => "unknown",
            };
            return Err(format!("unsupported signature type: {kind}"));
        };
        verified.map_err(|why| match self.unreadable.as_slice() {
            [] => why,
            names => {
                format!("{why}; in the Secret no key can be read from {}", clean(&names.join(", "), 200))
            }
        })
    }

    fn verify_ssh(&self, signature: &str, payload: &[u8]) -> std::result::Result<String, String> {
        if self.ssh.is_empty() {
            return Err(
                "SSH signature detected but no SSH public keys found in secret (keys with .sshpub suffix)"
                    .to_owned(),
            );
        }
        let signature = SshSig::from_pem(signature)
            .map_err(|error| format!("unable to parse the SSH signature: {error}"))?;
        let signer = self.ssh.iter().find(|key| key.verify("git", payload, &signature).is_ok());
        signer
            .map(|key| key.fingerprint(HashAlg::Sha256).to_string())
            .ok_or_else(|| "unable to verify payload with any of the given authorized keys".to_owned())
    }

    fn verify_gpg(&self, signature: &str, payload: &[u8]) -> std::result::Result<String, String> {
        if self.gpg.is_empty() {
            return Err(
                "PGP signature detected but no PGP public keys found in secret (keys with .asc suffix)"
                    .to_owned(),
            );
        }
        let (signature, _) = DetachedSignature::from_armor_single(signature.as_bytes()).map_err(|error| {
            format!("unable to parse the PGP signature: {}", clean(&error.to_string(), 200))
        })?;
        self.gpg
            .iter()
            .find(|key| made_by(key, &signature, payload))
            .map(|key| format!("{}", key.primary_key.legacy_key_id()).to_uppercase())
            .ok_or_else(|| "unable to verify payload with any of the given key rings".to_owned())
    }
}

/// Whether the key, or a subkey of it, made the signature and may sign today.
fn made_by(key: &SignedPublicKey, signature: &DetachedSignature, payload: &[u8]) -> bool {
    let primary = &key.primary_key;
    // Others' signatures on a key say nothing about what it may do.
    let users = key.details.users.iter().flat_map(|user| {
        user.signatures
            .iter()
            .filter(|own| own.verify_certification(primary, pgp::types::Tag::UserId, &user.id).is_ok())
    });
    let own = key.details.direct_signatures.iter().filter(|own| own.verify_key(primary).is_ok()).chain(users);
    let Some(newest) = in_force(own, primary.created_at().as_secs()) else { return false };
    if !key.details.revocation_signatures.is_empty() {
        return false;
    }
    let flags = newest.key_flags();
    // Old keys do not say what they are for.
    let may_sign = flags.sign() || flags == KeyFlags::default();
    may_sign && signature.verify(primary, payload).is_ok()
        || key.public_subkeys.iter().any(|subkey| {
            let own = in_force(subkey.signatures.iter(), subkey.key.created_at().as_secs());
            own.is_some_and(|own| own.key_flags().sign())
                && subkey.verify_bindings(primary).is_ok()
                && signature.verify(&subkey.key, payload).is_ok()
        })
}

impl Reader {
    /// A commit as it was signed.
    ///
    /// # Errors
    /// `Damaged` where it cannot be read.
    pub fn signed_commit(&self, commit: &str) -> Result<Signed> {
        let data = self.object(commit)?;
        let found =
            gix::objs::CommitRefIter::signature(&data, gix::hash::Kind::Sha1).map_err(GitError::damaged)?;
        Ok(match found {
            Some((signature, signed)) => {
                Signed { payload: signed.to_bstring().into(), signature: Some(signature.to_string()) }
            }
            None => Signed { payload: data, signature: None },
        })
    }

    /// An annotated tag as it was signed.
    ///
    /// # Errors
    /// `Damaged` where it cannot be read.
    pub fn signed_tag(&self, tag: &str) -> Result<Signed> {
        Ok(split_tag(self.object(tag)?))
    }
}

/// The signature of a tag stands at its end.
fn split_tag(mut data: Vec<u8>) -> Signed {
    let begins = |at: usize| {
        let line_start = at == 0 || data.get(at - 1) == Some(&b'\n');
        let line = data.get(at..).unwrap_or_default();
        line_start && (line.starts_with(b"-----BEGIN P") || line.starts_with(b"-----BEGIN S"))
    };
    let at = (0..data.len()).rev().find(|at| begins(*at));
    let signature = at.map(|at| String::from_utf8_lossy(&data.split_off(at)).into_owned());
    Signed { payload: data, signature }
}

impl Signed {
    /// Whether there is a signature at all.
    pub fn has_signature(&self) -> bool {
        self.signature.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_split_at_its_signature() {
        let check = |data: &str, payload: &str, signature: Option<&str>| {
            let expected = Signed { payload: payload.into(), signature: signature.map(ToOwned::to_owned) };
            assert_eq!(split_tag(data.as_bytes().to_vec()), expected);
        };
        check("object x\n\nwords\n", "object x\n\nwords\n", None);
        let pgp = "-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\n";
        check(&format!("object x\n\nwords\n{pgp}"), "object x\n\nwords\n", Some(pgp));
        let ssh = "-----BEGIN SSH SIGNATURE-----\nabc\n-----END SSH SIGNATURE-----\n";
        check(&format!("a -----BEGIN SSH\n{ssh}"), "a -----BEGIN SSH\n", Some(ssh));
        check("", "", None);
    }

    #[test]
    fn what_is_not_signed_or_by_no_known_kind_says_so() {
        let keys = TrustedKeys::default();
        let check = |signature: Option<&str>, expected: &str| {
            let signed = Signed { payload: b"x".to_vec(), signature: signature.map(ToOwned::to_owned) };
            assert_eq!(keys.verify(&signed).unwrap_err(), expected);
        };
        check(None, "unsupported signature type: empty");
        check(Some("-----BEGIN SIGNED MESSAGE-----"), "unsupported signature type: x509");
        check(Some("hello"), "unsupported signature type: unknown");
        let none = "signature detected but no";
        for kind in ["SSH SIGNATURE", "PGP SIGNATURE"] {
            let signed = Signed { payload: Vec::new(), signature: Some(format!("-----BEGIN {kind}-----\n")) };
            assert!(keys.verify(&signed).unwrap_err().contains(none));
        }
    }
}
