//! HTTP clients, one per set of certificates and proxy, kept for their connections. Used by `registry`.

use crate::{
    Access, Error, ErrorKind, Options, Tls,
    access::Fingerprint,
    endpoint::{Nearness, nearness},
    resolve::Resolver,
};
use reqwest::{Certificate, Client, ClientBuilder, Identity, redirect};
use secrecy::ExposeSecret;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};
use url::Url;

/// Sets kept; beyond that all are let go, which costs new connections and nothing else.
const MAX_CLIENTS: usize = 256;

/// The clients of one access.
#[derive(Clone)]
pub(crate) struct Clients {
    /// For the registry itself: shows the client certificate.
    pub(crate) own: Client,
    /// For every other host that the registry sends us to.
    pub(crate) foreign: Client,
}

/// All clients of the process.
#[derive(Default)]
pub(crate) struct Pool(Mutex<HashMap<(Fingerprint, bool), Clients>>);

impl Pool {
    /// The clients for this access; `url` tells whether the environment's proxy applies.
    pub(crate) fn get(&self, options: &Options, access: &Access, url: &Url) -> Result<Clients, Error> {
        let direct = access.proxy.is_none() && nearness(url) == Nearness::Loopback;
        let key = (access.connection_fingerprint(), direct);
        if let Some(clients) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(clients.clone());
        }
        let foreign = build(options, access, direct, None)?;
        let own = match &access.tls.client_cert_pem {
            None => foreign.clone(),
            Some(certificate) => build(options, access, direct, Some(&identity(&access.tls, certificate)?))?,
        };
        let clients = Clients { own, foreign };
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if map.len() >= MAX_CLIENTS {
            map.clear();
        }
        map.insert(key, clients.clone());
        Ok(clients)
    }
}

fn invalid(problem: &str) -> Error {
    Error::new(ErrorKind::InvalidAccess, "settings for the registry", problem)
}

/// Whether the service-wide certificates can be used.
pub(crate) fn check(options: &Options) -> Result<(), Error> {
    trusted(options, &Tls::default()).map(drop)
}

fn build(
    options: &Options,
    access: &Access,
    direct: bool,
    identity: Option<&Identity>,
) -> Result<Client, Error> {
    let make = |only_ours: bool| -> Result<Client, Error> {
        let mut builder = Client::builder()
            .user_agent(&options.user_agent)
            .redirect(redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .connect_timeout(options.connect_timeout)
            .read_timeout(options.read_timeout)
            .pool_max_idle_per_host(options.max_scans_per_host)
            .dns_resolver(Resolver);
        let roots = trusted(options, &access.tls)?;
        // A container image may hold no system certificates at all; plain http and own roots still work there.
        builder = if only_ours { builder.tls_certs_only(roots) } else { builder.tls_certs_merge(roots) };
        if let Some(identity) = identity {
            builder = builder.identity(identity.clone());
        }
        builder = if direct { builder.no_proxy() } else { proxied(builder, access)? };
        builder
            .build()
            .map_err(|_| invalid("the certificates cannot be used; check ca.crt, tls.crt and tls.key"))
    };
    make(false).or_else(|_| make(true))
}

fn trusted(options: &Options, tls: &Tls) -> Result<Vec<Certificate>, Error> {
    let mut roots = Vec::new();
    for (pem, name) in [(&options.extra_ca_pem, "the service-wide CA file"), (&tls.ca_pem, "ca.crt")] {
        let Some(pem) = pem else { continue };
        let found = Certificate::from_pem_bundle(pem).unwrap_or_default();
        if found.is_empty() {
            return Err(invalid(&format!("{name} holds no PEM certificate")));
        }
        roots.extend(found);
    }
    Ok(roots)
}

fn identity(tls: &Tls, certificate: &[u8]) -> Result<Identity, Error> {
    let key = tls.client_key_pem.as_ref().ok_or_else(|| invalid("tls.crt is there, but tls.key is not"))?;
    let mut pem = certificate.to_vec();
    pem.push(b'\n');
    pem.extend_from_slice(key.expose_secret().as_bytes());
    Identity::from_pem(&pem).map_err(|_| invalid("tls.crt and tls.key are no PEM certificate and key"))
}

fn proxied(builder: ClientBuilder, access: &Access) -> Result<ClientBuilder, Error> {
    let Some(proxy) = &access.proxy else { return Ok(builder) };
    let address = Url::parse(&proxy.address).ok();
    let known = |url: &Url| matches!(url.scheme(), "http" | "https" | "socks5" | "socks5h") && url.has_host();
    let mut address = address.filter(known).ok_or_else(|| {
        invalid("the proxy's address is no URL; expected http://, https:// or socks5://host:port")
    })?;
    // As Go does: the proxy resolves the name, not we.
    if address.scheme() == "socks5" {
        address = Url::parse(&proxy.address.replacen("socks5:", "socks5h:", 1)).unwrap_or(address);
    }
    let mut made = reqwest::Proxy::all(address).map_err(|_| invalid("the proxy's address cannot be used"))?;
    if let Some(username) = &proxy.username {
        made = made.basic_auth(username, proxy.password.as_ref().map_or("", |p| p.expose_secret()));
    }
    Ok(builder.proxy(made))
}
