//! Where a registry is talked to: schemes and kinds of hosts. Used by `transport`, `auth::realm` and `client`.

use crate::Access;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use url::{Host, Url};

/// How near a host is; rule 25 lets a far registry send us to far hosts only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nearness {
    /// This machine.
    Loopback,
    /// A private network: RFC 1918, RFC 6598, RFC 4193, and names under `.local`.
    Private,
    /// RFC 3927 and `fe80::/10`: metadata services live here, registries do not.
    LinkLocal,
    /// Anything else.
    Public,
}

/// The nearness of a URL's host; a URL without one counts as link-local, which nothing may use.
pub(crate) fn nearness(url: &Url) -> Nearness {
    match url.host() {
        Some(Host::Domain(name)) => name_nearness(name),
        Some(Host::Ipv4(address)) => address_nearness(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => address_nearness(IpAddr::V6(address)),
        None => Nearness::LinkLocal,
    }
}

fn name_nearness(name: &str) -> Nearness {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    if name == "localhost" || name.ends_with(".localhost") {
        Nearness::Loopback
    } else if name.ends_with(".local") {
        Nearness::Private
    } else {
        Nearness::Public
    }
}

/// The nearness of an address; an IPv4 address in IPv6 clothes is the IPv4 address.
pub(crate) fn address_nearness(address: IpAddr) -> Nearness {
    match address.to_canonical() {
        IpAddr::V4(v4) if v4.is_link_local() => Nearness::LinkLocal,
        IpAddr::V6(v6) if v6.is_unicast_link_local() => Nearness::LinkLocal,
        ip if ip.is_loopback() || ip.is_unspecified() => Nearness::Loopback,
        IpAddr::V4(v4) if v4.is_private() || is_shared(v4) => Nearness::Private,
        IpAddr::V6(v6) if v6.is_unique_local() => Nearness::Private,
        _ => Nearness::Public,
    }
}

/// 100.64.0.0/10, carrier-grade NAT.
fn is_shared(address: Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    a == 100 && (64..128).contains(&b)
}

/// The registry's address, `https` as long as nothing else is found out.
///
/// # Errors
/// The host as it was given, where it makes no URL.
pub(crate) fn base(registry: &str) -> Result<Url, String> {
    let mut url = Url::parse(&format!("https://{registry}/")).map_err(|_| registry.to_owned())?;
    if url.host().is_none() || !url.username().is_empty() || url.path() != "/" {
        return Err(registry.to_owned());
    }
    url.set_path("/v2/");
    Ok(url)
}

/// Whether this access may use plain http there: asked for with `insecure`, or one of the hosts for which Flux
/// (go-containerregistry) does so by itself. An object that brings certificates expects TLS.
pub(crate) fn allows_plain(url: &Url, access: &Access) -> bool {
    access.insecure || (!access.tls.is_set() && is_plain_by_default(url))
}

/// `localhost`, `127.0.0.1`, `::1`, `*.local`, `*.localhost`, RFC 1918.
fn is_plain_by_default(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name_nearness(name) != Nearness::Public,
        Some(Host::Ipv4(address)) => address == Ipv4Addr::LOCALHOST || address.is_private(),
        Some(Host::Ipv6(address)) => address == Ipv6Addr::LOCALHOST,
        None => false,
    }
}

/// The same host, port and all; credentials go nowhere else. The scheme does not count: which one is used is
/// settled once per host.
pub(crate) fn same_host(a: &Url, b: &Url) -> bool {
    a.host() == b.host() && a.port() == b.port()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(host: &str) -> Url {
        base(host).unwrap()
    }

    #[test]
    fn nearness_sees_through_spellings() {
        for (host, expected) in [
            ("localhost:5000", Nearness::Loopback),
            ("LOCALHOST.", Nearness::Loopback),
            ("127.8.9.1", Nearness::Loopback),
            ("0.0.0.0", Nearness::Loopback),
            ("[::1]:5000", Nearness::Loopback),
            ("2130706433", Nearness::Loopback),
            ("10.1.2.3", Nearness::Private),
            ("100.100.0.1", Nearness::Private),
            ("[fd00::1]", Nearness::Private),
            ("registry.local", Nearness::Private),
            ("169.254.169.254", Nearness::LinkLocal),
            ("[::ffff:169.254.169.254]", Nearness::LinkLocal),
            ("0xa9fea9fe", Nearness::LinkLocal),
            ("[fe80::1]", Nearness::LinkLocal),
            ("ghcr.io", Nearness::Public),
            ("8.8.8.8", Nearness::Public),
            ("local.example.com", Nearness::Public),
        ] {
            assert_eq!(nearness(&url(host)), expected, "{host}");
        }
    }

    #[test]
    fn plain_http_is_for_the_hosts_flux_names_or_on_request() {
        for (host, expected) in [
            ("localhost", true),
            ("localhost:5000", true),
            ("127.0.0.1:5000", true),
            ("[::1]:5000", true),
            ("registry.local", true),
            ("192.168.1.2:5000", true),
            ("ghcr.io", false),
            ("11.0.0.1", false),
        ] {
            assert_eq!(allows_plain(&url(host), &Access::default()), expected, "{host}");
            assert!(allows_plain(&url(host), &Access { insecure: true, ..Access::default() }));
            let tls = crate::Tls { ca_pem: Some(Vec::new()), ..crate::Tls::default() };
            assert!(!allows_plain(&url(host), &Access { tls, ..Access::default() }));
        }
    }
}
