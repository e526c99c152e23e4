//! Who an ssh server is: the lines of a `known_hosts` text against the key it shows.

use base64::Engine as _;
use ssh_key::{Algorithm, PublicKey};

/// What `known_hosts` says about a server's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is the key that is known.
    Known,
    /// Nothing is known about this host.
    Unknown,
    /// Other keys are known for this host, or this one is revoked.
    Changed,
}

/// The keys a text names for one host.
#[derive(Debug, Default)]
pub(super) struct KnownKeys {
    keys: Vec<PublicKey>,
    revoked: Vec<PublicKey>,
}

impl KnownKeys {
    /// The keys of `host`, which is written `[host]:port` where the port is not 22. Lines that cannot be read are
    /// passed over, as OpenSSH does; certificate authorities are not supported and count as nothing known.
    pub(super) fn of(text: &str, host: &str, port: u16) -> Self {
        let host = host.to_ascii_lowercase();
        let name = if port == 22 { host } else { format!("[{host}]:{port}") };
        let mut known = Self::default();
        for line in text.lines() {
            let mut words = line.split_whitespace();
            let (marker, hosts) = match words.next() {
                None => continue,
                Some(word) if word.starts_with('#') => continue,
                Some(word) if word.starts_with('@') => (Some(word), words.next()),
                Some(word) => (None, Some(word)),
            };
            let (Some(hosts), Some(kind), Some(key)) = (hosts, words.next(), words.next()) else { continue };
            let Ok(key) = PublicKey::from_openssh(&format!("{kind} {key}")) else { continue };
            match marker {
                _ if !is_named(hosts, &name) => {}
                None => known.keys.push(key),
                Some("@revoked") => known.revoked.push(key),
                Some(_) => {}
            }
        }
        known
    }

    pub(super) fn judge(&self, shown: &PublicKey) -> Verdict {
        let same = |key: &PublicKey| key.key_data() == shown.key_data();
        if self.revoked.iter().any(same) {
            Verdict::Changed
        } else if self.keys.iter().any(same) {
            Verdict::Known
        } else if self.keys.is_empty() {
            Verdict::Unknown
        } else {
            Verdict::Changed
        }
    }

    /// Whether a key made by `algorithm` is known: a server with several must show one of those.
    pub(super) fn has(&self, algorithm: &Algorithm) -> bool {
        self.keys.iter().any(|key| match (key.algorithm(), algorithm) {
            (Algorithm::Rsa { .. }, Algorithm::Rsa { .. }) => true,
            (known, algorithm) => known == *algorithm,
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

fn is_named(patterns: &str, name: &str) -> bool {
    let mut named = false;
    for pattern in patterns.split(',') {
        if let Some(pattern) = pattern.strip_prefix('!') {
            if glob(&pattern.to_ascii_lowercase(), name) {
                return false;
            }
        } else if let Some(hashed) = pattern.strip_prefix("|1|") {
            named |= is_hash_of(hashed, name);
        } else {
            named |= glob(&pattern.to_ascii_lowercase(), name);
        }
    }
    named
}

/// `salt|HMAC-SHA1(salt, name)`, both in base64.
fn is_hash_of(hashed: &str, name: &str) -> bool {
    let decode = |text: &str| base64::engine::general_purpose::STANDARD.decode(text).ok();
    let Some((salt, hash)) = hashed.split_once('|').and_then(|(salt, hash)| decode(salt).zip(decode(hash)))
    else {
        return false;
    };
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &salt);
    ring::hmac::verify(&key, name.as_bytes(), &hash).is_ok()
}

/// `*` and `?` as in ssh; brackets stand for themselves.
fn glob(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut p, mut n) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                back = Some((p, n));
                p += 1;
            }
            Some(b'?') => (p, n) = (p + 1, n + 1),
            byte if byte == name.get(n) => (p, n) = (p + 1, n + 1),
            _ => match back {
                Some((star, from)) => {
                    (p, n) = (star + 1, from + 1);
                    back = Some((star, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
    const B: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJxWG0rIMiCKYnZUNWLLO6rRiNz8YKNJIw5EmFp1GMpy";

    fn key(text: &str) -> PublicKey {
        PublicKey::from_openssh(text).unwrap()
    }

    #[test]
    fn a_key_is_known_unknown_or_changed() {
        let hashed = {
            let salt = [7u8; 20];
            let tag = ring::hmac::sign(
                &ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &salt),
                b"git.example",
            );
            let encode = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
            format!("|1|{}|{}", encode(&salt), encode(tag.as_ref()))
        };
        for (text, host, port, verdict) in [
            (format!("git.example {A}"), "git.example", 22, Verdict::Known),
            (format!("GIT.example,other {A} comment"), "Git.Example", 22, Verdict::Known),
            (format!("git.example\t{A}\r"), "git.example", 22, Verdict::Known),
            (format!("*.example {A}"), "git.example", 22, Verdict::Known),
            (format!("*.example,!git.example {A}"), "git.example", 22, Verdict::Unknown),
            (format!("{hashed} {A}"), "git.example", 22, Verdict::Known),
            (format!("{hashed} {A}"), "other.example", 22, Verdict::Unknown),
            (format!("[git.example]:2222 {A}"), "git.example", 2222, Verdict::Known),
            (format!("git.example {A}"), "git.example", 2222, Verdict::Unknown),
            (format!("git.example {B}"), "git.example", 22, Verdict::Changed),
            (format!("git.example {B}\ngit.example {A}"), "git.example", 22, Verdict::Known),
            (format!("git.example {A}\n@revoked * {A}"), "git.example", 22, Verdict::Changed),
            (format!("@cert-authority * {A}"), "git.example", 22, Verdict::Unknown),
            (
                format!("# git.example {A}\n\nnonsense\ngit.example ssh-new AAAA"),
                "git.example",
                22,
                Verdict::Unknown,
            ),
            (String::new(), "git.example", 22, Verdict::Unknown),
        ] {
            assert_eq!(KnownKeys::of(&text, host, port).judge(&key(A)), verdict, "{text} for {host}:{port}");
        }
    }

    #[test]
    fn globs_end() {
        for (pattern, name, matches) in [
            ("a*b?c", "axxbyc", true),
            ("a*b?c", "axxbc", false),
            ("*", "", true),
            ("", "a", false),
            ("**a", "bba", true),
        ] {
            assert_eq!(glob(pattern, name), matches, "{pattern} {name}");
        }
    }
}
