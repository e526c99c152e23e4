//! The command lines of the parts, and the keys and certificates that they name.

use std::fs;
use std::path::Path;

use anyhow::Result;
use rcgen::KeyPair;

use crate::certs::Authority;
use crate::port::Port;

/// Writes what [`apiserver`] and [`controllers`] name.
pub(super) fn write_keys(folder: &Path, authority: &Authority) -> Result<()> {
    let server = authority.server_for(&["127.0.0.1", "localhost", "kubernetes.default.svc"])?;
    let tokens = KeyPair::generate()?;
    for (name, pem) in [
        ("ca.crt", authority.cert_pem()),
        ("server.crt", &server.cert_pem),
        ("server.key", &server.key_pem),
        ("tokens.key", &tokens.serialize_pem()),
        ("tokens.pub", &tokens.public_key_pem()),
    ] {
        fs::write(folder.join(name), pem)?;
    }
    Ok(())
}

pub(super) fn etcd(folder: &Path, port: &Port) -> Vec<String> {
    vec![
        "--name=test".into(),
        format!("--data-dir={}", folder.join("etcd").display()),
        format!("--listen-client-urls={}", port.http()),
        format!("--advertise-client-urls={}", port.http()),
        // It is its only peer.
        "--listen-peer-urls=http://127.0.0.1:0".into(),
        "--initial-advertise-peer-urls=http://127.0.0.1:0".into(),
        "--initial-cluster=test=http://127.0.0.1:0".into(),
        // Nothing here outlives the test.
        "--unsafe-no-fsync".into(),
        "--log-level=warn".into(),
    ]
}

pub(super) fn apiserver(folder: &Path, etcd: &Port, port: &Port) -> Vec<String> {
    let file = |flag: &str, name: &str| format!("--{flag}={}", folder.join(name).display());
    vec![
        format!("--etcd-servers={}", etcd.http()),
        "--bind-address=127.0.0.1".into(),
        "--advertise-address=127.0.0.1".into(),
        format!("--secure-port={}", port.number()),
        file("tls-cert-file", "server.crt"),
        file("tls-private-key-file", "server.key"),
        file("client-ca-file", "ca.crt"),
        file("service-account-key-file", "tokens.pub"),
        file("service-account-signing-key-file", "tokens.key"),
        "--service-account-issuer=https://kubernetes.default.svc".into(),
        "--service-cluster-ip-range=10.96.0.0/24".into(),
        "--authorization-mode=RBAC".into(),
        // No Service of its own: nothing reaches this server but by its address.
        "--endpoint-reconciler-type=none".into(),
        // One user at a time: no fair shares to compute.
        "--enable-priority-and-fairness=false".into(),
        "--profiling=false".into(),
    ]
}

pub(super) fn controllers(folder: &Path, kubeconfig: &Path) -> Vec<String> {
    let file = |flag: &str, name: &str| format!("--{flag}={}", folder.join(name).display());
    vec![
        format!("--kubeconfig={}", kubeconfig.display()),
        "--controllers=garbage-collector-controller,namespace-controller,serviceaccount-controller,\
         clusterrole-aggregation-controller"
            .into(),
        "--leader-elect=false".into(),
        "--secure-port=0".into(),
        file("root-ca-file", "ca.crt"),
        "--profiling=false".into(),
    ]
}
