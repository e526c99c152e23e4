//! The control plane, asked with `kubectl` and with a client of the `kube` crate.

use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Secret};
use kube::api::{Api, DeleteParams, ListParams, PostParams};
use kube::runtime::wait::{await_condition, conditions::is_deleted};
use serde_json::json;
use tagalong_testkit::control_plane::{ControlPlane, Printed};
use tagalong_testkit::need;
use tagalong_testkit::parts::Part;

fn done(printed: Printed) -> String {
    assert!(printed.success, "{}", printed.stderr);
    printed.stdout
}

#[test]
fn kubectl_writes_and_reads_in_a_namespace_of_the_test() {
    let Some(plane) = ControlPlane::shared() else { return };
    let namespace = plane.namespace("kubectl").unwrap();
    assert_ne!(namespace, plane.namespace("kubectl").unwrap());
    let map =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": {"key": "value"}});
    done(plane.kubectl(&["apply", "-n", &namespace, "-f", "-"], &map.to_string()).unwrap());
    let value = plane.kubectl(&["get", "cm", "m", "-n", &namespace, "-o=jsonpath={.data.key}"], "").unwrap();
    assert_eq!(done(value), "value");
    assert!(!plane.kubectl(&["get", "cm", "none", "-n", &namespace], "").unwrap().success);
}

#[tokio::test]
async fn a_service_account_may_do_what_it_was_granted() {
    let Some(plane) = ControlPlane::shared() else { return };
    let namespace = plane.namespace("rbac").unwrap();
    let bot = plane.service_account(&namespace, "bot").unwrap();
    let list = ["get", "configmaps", "-n", &namespace];
    let refused = plane.kubectl_as(&bot, &list, "").unwrap();
    assert!(refused.stderr.contains("configmaps is forbidden"), "{}", refused.stderr);
    let role = ["create", "role", "reader", "--verb=list", "--resource=configmaps", "-n", &namespace];
    done(plane.kubectl(&role, "").unwrap());
    let account = format!("--serviceaccount={namespace}:bot");
    let grant = ["create", "rolebinding", "bot", "--role=reader", &account, "-n", &namespace];
    done(plane.kubectl(&grant, "").unwrap());
    // The authorizer learns of a grant a moment after it was stored.
    let mut asked = 0;
    while !plane.kubectl_as(&bot, &list, "").unwrap().success {
        asked += 1;
        assert!(asked < 100, "the grant does not serve");
    }
    let secrets: Api<Secret> = Api::namespaced(plane.client().unwrap(), &namespace);
    assert!(secrets.list(&ListParams::default()).await.unwrap().items.is_empty(), "an administrator may");
}

#[tokio::test]
async fn a_deleted_namespace_goes_where_the_controllers_run() {
    let Some(plane) = ControlPlane::shared() else { return };
    need!(Part::KubeControllerManager);
    plane.run_controllers().unwrap();
    let name = plane.namespace("going").unwrap();
    let api: Api<Namespace> = Api::all(plane.client().unwrap());
    let uid = api.get(&name).await.unwrap().metadata.uid.unwrap();
    api.delete(&name, &DeleteParams::default()).await.unwrap();
    await_condition(api, &name, is_deleted(&uid)).await.unwrap();
}

#[tokio::test]
async fn what_is_stored_outlives_the_api_server() {
    need!(Part::Etcd, Part::KubeApiserver);
    let mut plane = ControlPlane::start().unwrap();
    let api: Api<ConfigMap> = Api::namespaced(plane.client().unwrap(), "default");
    let map = serde_json::from_value(json!({"metadata": {"name": "kept"}})).unwrap();
    api.create(&PostParams::default(), &map).await.unwrap();
    plane.stop_apiserver();
    assert!(api.get("kept").await.is_err());
    plane.start_apiserver().unwrap();
    assert_eq!(api.get("kept").await.unwrap().metadata.name.as_deref(), Some("kept"));
}
