//! Which token service may be asked (rule 25). Used by `token`.

use crate::endpoint::{Nearness, nearness};
use url::Url;

/// Whether `realm`, named by `registry`, may see credentials: https, unless the registry itself is spoken to in
/// plain http; a loopback or private address only if the registry is at one; a link-local one never.
///
/// # Errors
/// Our words for what is wrong with it.
pub(super) fn check(realm: &str, registry: &Url, registry_is_plain: bool) -> Result<Url, &'static str> {
    let url = Url::parse(realm).map_err(|_| "its token service is no web address")?;
    let plain = match url.scheme() {
        "https" => false,
        "http" => true,
        _ => return Err("its token service is no web address"),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err("its token service's address carries credentials");
    }
    match (nearness(&url), nearness(registry)) {
        (Nearness::LinkLocal, _) => return Err("its token service is at a link-local address"),
        (Nearness::Loopback | Nearness::Private, Nearness::Public | Nearness::LinkLocal) => {
            return Err("its token service is at a private address, and the registry is not");
        }
        _ => {}
    }
    if plain && !registry_is_plain {
        return Err("its token service is not behind https");
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::base;

    #[test]
    fn the_rule_holds() {
        const OK: Option<&str> = None;
        let private = Some("its token service is at a private address, and the registry is not");
        let link_local = Some("its token service is at a link-local address");
        let plain = Some("its token service is not behind https");
        let odd = Some("its token service is no web address");
        for (registry, is_plain, realm, expected) in [
            ("ghcr.io", false, "https://ghcr.io/token", OK),
            ("index.docker.io", false, "https://auth.docker.io/token", OK),
            ("ghcr.io", false, "http://ghcr.io/token", plain),
            ("ghcr.io", true, "http://ghcr.io/token", OK),
            ("ghcr.io", false, "https://127.0.0.1/token", private),
            ("ghcr.io", true, "http://localhost:1/token", private),
            ("ghcr.io", false, "https://10.0.0.1/token", private),
            ("ghcr.io", false, "https://[::ffff:10.0.0.1]/token", private),
            ("ghcr.io", false, "https://169.254.169.254/token", link_local),
            ("10.0.0.1:5000", true, "http://169.254.169.254/latest/meta-data", link_local),
            ("10.0.0.1:5000", true, "http://10.0.0.2/token", OK),
            ("10.0.0.1:5000", false, "http://10.0.0.2/token", plain),
            ("127.0.0.1:5000", true, "http://127.0.0.1:5001/token", OK),
            ("127.0.0.1:5000", true, "https://auth.example.com/token", OK),
            (
                "ghcr.io",
                false,
                "https://user:pass@ghcr.io/",
                Some("its token service's address carries credentials"),
            ),
            ("ghcr.io", false, "file:///etc/passwd", odd),
            ("ghcr.io", false, "/token", odd),
        ] {
            let result = check(realm, &base(registry).unwrap(), is_plain);
            assert_eq!(result.err(), expected, "{registry} {realm}");
        }
    }
}
