//! An object as it is sent: labelled, and without what the API server would refuse. Pure; called by apply.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::error::ApplyError;
use crate::inventory::Entry;
use crate::object::text;
use crate::owner::Owner;
use crate::stage::Wanted;
use crate::{order, secret};

/// What only the API server says; it refuses some of it.
const KEPT_BY_SERVER: [&str; 6] =
    ["creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"];

pub(crate) fn prepare(owner: &Owner, mut object: Value) -> Result<Wanted, ApplyError> {
    let Some(entry) = Entry::of(&object) else {
        let name = [text(&object, "/kind"), text(&object, "/metadata/name")].join("/");
        return Err(ApplyError::NotAnObject(if name == "/" { "a document".to_owned() } else { name }));
    };
    if secret::is_encrypted(&object) {
        return Err(ApplyError::Encrypted(entry.id));
    }
    owner.label(&mut object)?;
    secret::normalize(&mut object);
    if order::is_crd(&entry.id) {
        drop_placeholder(&mut object);
    }
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        for key in KEPT_BY_SERVER {
            metadata.shift_remove(key);
        }
    }
    Ok(Wanted { entry, object })
}

/// A definition's conversion webhook often has a placeholder for the certificate that is injected later (`Cg==`).
/// Kubernetes 1.31 and later refuse it, so it is left out, as Flux does.
fn drop_placeholder(definition: &mut Value) {
    let client =
        definition.pointer_mut("/spec/conversion/webhook/clientConfig").and_then(Value::as_object_mut);
    if let Some(client) = client
        && client
            .get("caBundle")
            .and_then(Value::as_str)
            .is_some_and(|bundle| !bundle.is_empty() && !is_pem(bundle))
    {
        client.shift_remove("caBundle");
    }
}

fn is_pem(bundle: &str) -> bool {
    STANDARD
        .decode(bundle)
        .is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains("-----BEGIN CERTIFICATE-----"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn owner() -> Owner {
        Owner { name: "apps".to_owned(), namespace: "flux-system".to_owned() }
    }

    #[test]
    fn what_the_server_keeps_is_left_out() {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "uid": "1",
            "resourceVersion": "1", "creationTimestamp": null, "managedFields": [], "generation": 1, "selfLink": "/"}});
        let labels = json!({"kustomize.toolkit.fluxcd.io/name": "apps",
            "kustomize.toolkit.fluxcd.io/namespace": "flux-system"});
        let wanted = prepare(&owner(), object).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(wanted.object["metadata"], json!({"name": "a", "labels": labels}));
    }

    #[test]
    fn an_encrypted_secret_is_not_sent() {
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "namespace": "b"},
            "data": {"a": "ENC[AES256_GCM,data:x]"}, "sops": {"version": "3"}});
        let error = prepare(&owner(), secret).err().unwrap();
        assert_eq!(
            error.to_string(),
            "Secret/b/a is SOPS encrypted, configuring decryption is required for this secret to be reconciled"
        );
    }

    #[test]
    fn a_placeholder_for_a_certificate_is_left_out_and_a_certificate_stays() {
        let real = STANDARD.encode("-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----");
        for (bundle, stays) in [("Cg==", false), ("!", false), ("", true), (&real, true)] {
            let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                "metadata": {"name": "w.acme.dev"},
                "spec": {"conversion": {"webhook": {"clientConfig": {"caBundle": bundle}}}}});
            let wanted = prepare(&owner(), definition).unwrap_or_else(|error| panic!("{error}"));
            let client = &wanted.object["spec"]["conversion"]["webhook"]["clientConfig"];
            assert_eq!(client.get("caBundle").is_some(), stays, "{bundle}");
        }
    }
}
