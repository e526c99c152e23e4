//! Who we are: challenges, token services, what is kept and what is never handed on.

use super::*;
use tagalong_testkit::fake_registry::Auth;

async fn list_as(client: &Registry, registry: &FakeRegistry, access: &Access) -> Result<TagList, Error> {
    client.list_tags(&image(registry, "acme/app"), access, soon()).await
}

fn start(auth: Auth) -> FakeRegistry {
    let registry = FakeRegistry::builder().auth(auth).start().unwrap();
    registry.push_tag("acme/app", "1.0");
    registry
}

const LIST: &str = "GET /v2/acme/app/tags/list?n=1000";
const TOKEN: &str = "GET /token?service=fake&scope=repository%3Aacme%2Fapp%3Apull";

#[tokio::test]
async fn basic_is_sent_only_when_asked_for_and_at_once_from_then_on() {
    let registry = start(Auth::Basic("me".into(), "hunter2".into()));
    let (client, access) = (client(), basic("me", "hunter2"));
    list_as(&client, &registry, &access).await.unwrap();
    assert_eq!(shown(&registry.take_requests()), format!("{LIST}\n{LIST} Basic"));
    list_as(&client, &registry, &access).await.unwrap();
    assert_eq!(shown(&registry.take_requests()), format!("{LIST} Basic"));
}

#[tokio::test]
async fn a_token_is_fetched_once_and_kept() {
    let registry = start(Auth::Token("me".into(), "hunter2".into()));
    let (client, access) = (client(), basic("me", "hunter2"));
    list_as(&client, &registry, &access).await.unwrap();
    let token = format!("{TOKEN}&account=me Basic");
    assert_eq!(shown(&registry.take_requests()), format!("{LIST}\n{token}\n{LIST} Bearer"));
    list_as(&client, &registry, &access).await.unwrap();
    client.digest(&image(&registry, "acme/app"), &tag("1.0"), &access, soon()).await.unwrap();
    assert_eq!(
        shown(&registry.take_requests()),
        format!("{LIST} Bearer\nHEAD /v2/acme/app/manifests/1.0 Bearer")
    );
}

#[tokio::test]
async fn public_images_want_a_token_without_a_name() {
    let registry = start(Auth::AnonymousToken);
    list_as(&client(), &registry, &Access::default()).await.unwrap();
    assert_eq!(shown(&registry.take_requests()), format!("{LIST}\n{TOKEN}\n{LIST} Bearer"));
}

#[tokio::test]
async fn an_identity_token_is_posted_and_a_registry_token_is_shown() {
    let registry = start(Auth::IdentityToken("hunter2".into()));
    let access = Access { credentials: Credentials::IdentityToken("hunter2".into()), ..Access::default() };
    list_as(&client(), &registry, &access).await.unwrap();
    assert_eq!(shown(&registry.take_requests()), format!("{LIST}\nPOST /token\n{LIST} Bearer"));

    let registry = start(Auth::RegistryToken("hunter2".into()));
    let access = Access { credentials: Credentials::RegistryToken("hunter2".into()), ..Access::default() };
    list_as(&client(), &registry, &access).await.unwrap();
    assert_eq!(shown(&registry.take_requests()), format!("{LIST}\n{LIST} Bearer"));
}

#[tokio::test]
async fn a_token_that_is_no_longer_good_is_renewed_once() {
    let registry = start(Auth::AnonymousToken);
    let client = client();
    list(&client, &registry).await.unwrap();
    registry.take_requests();
    registry.revoke_tokens();
    list(&client, &registry).await.unwrap();
    assert_eq!(shown(&registry.take_requests()), format!("{LIST} Bearer\n{TOKEN}\n{LIST} Bearer"));
    // A registry that takes none of its own tokens is asked no third time.
    registry
        .fail_always(Fault::Challenge(format!("Bearer realm=\"{}/token\",service=\"fake\"", registry.url())));
    assert_eq!(list_fails(&client, &registry).await.0, ErrorKind::Unauthorized);
    assert_eq!(shown(&registry.take_requests()), format!("{LIST} Bearer\n{TOKEN}\n{LIST} Bearer"));
}

#[tokio::test]
async fn a_token_past_its_life_is_not_sent() {
    let registry = start(Auth::AnonymousToken);
    registry.token_life(0);
    let client = client();
    list(&client, &registry).await.unwrap();
    registry.take_requests();
    list(&client, &registry).await.unwrap();
    assert_eq!(shown(&registry.take_requests()), format!("{LIST}\n{TOKEN}\n{LIST} Bearer"));
}

#[tokio::test]
async fn tokens_and_passwords_are_never_handed_to_others() {
    let registry = start(Auth::Token("me".into(), "hunter2".into()));
    let client = client();
    list_as(&client, &registry, &basic("me", "hunter2")).await.unwrap();
    registry.take_requests();
    // Another scope, no credentials, a wrong password under the same scope: none profits from the first one's token.
    let mut same_scope = basic("me", "wrong");
    same_scope.scope = AccessScope::new("apps/me");
    for access in [Access::default(), basic("you", "wrong"), same_scope] {
        let (kind, _) = fails(list_as(&client, &registry, &access).await);
        assert_eq!(kind, ErrorKind::Unauthorized);
        assert!(registry.take_requests().iter().all(|r| r.authorization != AuthorizationKind::Bearer));
    }
    // Nor does another repository.
    registry.push_tag("acme/other", "1.0");
    let other = image(&registry, "acme/other");
    client.list_tags(&other, &basic("me", "hunter2"), soon()).await.unwrap();
    let requests = registry.take_requests();
    assert_eq!(requests[0].authorization, AuthorizationKind::None);
    assert!(requests[1].query.contains("acme%2Fother"), "{requests:?}");
}

#[tokio::test]
async fn wrong_or_missing_credentials_say_what_is_wrong() {
    let name = Auth::Basic("me".into(), "hunter2".into());
    let token = Auth::Token("me".into(), "hunter2".into());
    for (auth, access, problem) in [
        (name.clone(), Access::default(), "the registry wants credentials, and none are given (401)"),
        (name.clone(), basic("me", "wrong"), "the registry wants other credentials (401 UNAUTHORIZED)"),
        (
            name,
            Access { credentials: Credentials::IdentityToken("hunter2".into()), ..Access::default() },
            "the registry wants credentials of a kind that is not given (401)",
        ),
        (token, basic("me", "wrong"), "it refuses the credentials (401)"),
    ] {
        let registry = start(auth);
        let (kind, message) = fails(list_as(&client(), &registry, &access).await);
        assert_eq!(kind, ErrorKind::Unauthorized);
        assert!(message.ends_with(problem), "{message}");
    }
}

#[tokio::test]
async fn a_wrong_realm_gets_nothing() {
    for realm in ["http://169.254.169.254/token", "http://[fe80::1]/token", "file:///etc/passwd", "token", ""]
    {
        let registry = start(Auth::Token("me".into(), "hunter2".into()));
        registry.name_realm(realm);
        let (kind, _) = fails(list_as(&client(), &registry, &basic("me", "hunter2")).await);
        assert!(matches!(kind, ErrorKind::Untrusted | ErrorKind::Unauthorized), "{realm}: {kind:?}");
        assert_eq!(shown(&registry.take_requests()), LIST, "{realm}");
    }
}

#[tokio::test]
async fn a_token_service_elsewhere_is_asked_where_the_rule_allows_it() {
    let (registry, service) = (start(Auth::AnonymousToken), start(Auth::AnonymousToken));
    registry.name_realm(&format!("{}/token", service.url()));
    // The registry does not know the other's tokens; that it was asked, and that its token came back, counts.
    assert_eq!(list_fails(&client(), &registry).await.0, ErrorKind::Unauthorized);
    assert_eq!(shown(&service.take_requests()), TOKEN);
    assert_eq!(shown(&registry.take_requests()), format!("{LIST}\n{LIST} Bearer"));
}

#[tokio::test]
async fn a_token_service_that_fails_is_tried_again_and_its_errors_are_our_words() {
    let registry = start(Auth::AnonymousToken);
    registry.fail_next_token(Fault::Status(503));
    list(&client(), &registry).await.unwrap();
    registry.take_requests();
    for (fault, kind) in [
        (Fault::Body(b"{}".to_vec()), ErrorKind::BadResponse),
        (Fault::Body(b"<html>".to_vec()), ErrorKind::BadResponse),
        (Fault::Body(br#"{"token":"token-\u0000"}"#.to_vec()), ErrorKind::InvalidAccess),
        (Fault::Status(403), ErrorKind::Forbidden),
    ] {
        registry.fail_next_token(fault.clone());
        assert_eq!(list_fails(&client(), &registry).await.0, kind, "{fault:?}");
    }
}

#[tokio::test]
async fn a_redirected_token_request_carries_nothing() {
    let (registry, other) =
        (start(Auth::Token("me".into(), "hunter2".into())), FakeRegistry::start().unwrap());
    registry.fail_next_token(Fault::Redirect(format!("{}/token", other.url())));
    let (kind, _) = fails(list_as(&client(), &registry, &basic("me", "hunter2")).await);
    assert_eq!(kind, ErrorKind::Untrusted);
    assert_eq!(shown(&other.take_requests()), "GET /token");

    let registry = start(Auth::IdentityToken("hunter2".into()));
    registry.fail_next_token(Fault::Redirect(format!("{}/token", other.url())));
    let access = Access { credentials: Credentials::IdentityToken("hunter2".into()), ..Access::default() };
    assert_eq!(fails(list_as(&client(), &registry, &access).await).0, ErrorKind::Untrusted);
    assert_eq!(shown(&other.take_requests()), "");
}

#[tokio::test]
async fn check_asks_for_one_tag_with_the_credentials() {
    let registry = start(Auth::Basic("me".into(), "hunter2".into()));
    let image = image(&registry, "acme/app");
    client().check(&image, &basic("me", "hunter2"), soon()).await.unwrap();
    assert_eq!(registry.take_requests().last().unwrap().query, "n=1");
    assert_eq!(fails(client().check(&image, &Access::default(), soon()).await).0, ErrorKind::Unauthorized);
}
