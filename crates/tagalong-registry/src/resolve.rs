//! Names to addresses, without the link-local ones: whatever name a registry sends us to, it cannot lead to a
//! metadata service (rule 25). Given to every HTTP client by `client`.

use crate::endpoint::{Nearness, address_nearness};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::io;

/// The system's resolver, filtered.
pub(crate) struct Resolver;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let usable: Vec<_> = found.filter(|a| address_nearness(a.ip()) != Nearness::LinkLocal).collect();
            if usable.is_empty() {
                return Err(io::Error::new(io::ErrorKind::AddrNotAvailable, "no usable address").into());
            }
            let addresses: Addrs = Box::new(usable.into_iter());
            Ok(addresses)
        })
    }
}
