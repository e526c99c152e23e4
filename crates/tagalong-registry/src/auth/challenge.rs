//! `WWW-Authenticate` (RFC 9110, 11.6.1): several challenges in one header, quoted strings, odd spacing.

/// One challenge.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Challenge {
    /// In lower case: `basic`, `bearer`.
    pub(super) scheme: String,
    /// Names in lower case, values unquoted.
    parameters: Vec<(String, String)>,
}

impl Challenge {
    /// The parameter of this name, where it is not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}

/// Reads the challenges of one header. What makes no sense is passed over: the next challenge may.
pub(super) fn parse(header: &str) -> Vec<Challenge> {
    let mut challenges: Vec<Challenge> = Vec::new();
    for part in split(header) {
        let (first, value) = part.split_once('=').map_or((part, None), |(name, value)| (name, Some(value)));
        let mut words = first.split_ascii_whitespace();
        let (name, second) = (words.next(), words.next());
        let parameter = match (name, second, value) {
            // `Bearer realm="…"`, or `Bearer` alone.
            (Some(scheme), Some(parameter), Some(value)) => {
                challenges.push(Challenge { scheme: scheme.to_ascii_lowercase(), parameters: Vec::new() });
                Some((parameter, value))
            }
            (Some(scheme), _, None) => {
                challenges.push(Challenge { scheme: scheme.to_ascii_lowercase(), parameters: Vec::new() });
                None
            }
            (Some(parameter), None, Some(value)) => Some((parameter, value)),
            (None, _, _) => None,
        };
        if let (Some((name, value)), Some(challenge)) = (parameter, challenges.last_mut()) {
            challenge.parameters.push((name.to_ascii_lowercase(), unquote(value.trim())));
        }
    }
    challenges
}

/// Cuts at the commas outside quoted strings.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c: char| {
        let cut = c == ',' && !quoted;
        quoted ^= c == '"' && !escaped;
        escaped = quoted && c == '\\' && !escaped;
        cut
    })
}

/// The content of a quoted string, or a bare word as it is.
fn unquote(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"') else { return value.to_owned() };
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    let mut text = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(c) = characters.next() {
        text.extend(if c == '\\' { characters.next() } else { Some(c) });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(header: &str, expected: &[&str]) {
        let shown: Vec<String> = parse(header)
            .iter()
            .map(|c| {
                let parameters = c.parameters.iter().map(|(k, v)| format!("{k}={v}"));
                std::iter::once(c.scheme.clone()).chain(parameters).collect::<Vec<_>>().join("|")
            })
            .collect();
        assert_eq!(shown, expected, "{header}");
    }

    #[test]
    fn challenges_are_read_however_they_are_spelled() {
        check(
            r#"Bearer realm="https://a.io/token",service="a.io",scope="repository:a/b:pull,push""#,
            &["bearer|realm=https://a.io/token|service=a.io|scope=repository:a/b:pull,push"],
        );
        check(
            r#"Basic realm="x", Bearer realm=y , service=z"#,
            &["basic|realm=x", "bearer|realm=y|service=z"],
        );
        check(
            r#"bearer  Realm = "a\"b,c" ,error="insufficient_scope""#,
            &[r#"bearer|realm=a"b,c|error=insufficient_scope"#],
        );
        check("Negotiate, Basic realm=x", &["negotiate", "basic|realm=x"]);
        check(r#"Bearer realm="https://a.io/t?x=1&y=2""#, &["bearer|realm=https://a.io/t?x=1&y=2"]);
        check(r#"Bearer realm="unclosed, service=z"#, &["bearer|realm=unclosed, service=z"]);
        check(r#"realm="nobody's""#, &[]);
        check("Bearer", &["bearer"]);
        check(" , ,", &[]);
        check("", &[]);
    }

    proptest::proptest! {
        #[test]
        fn whatever_a_registry_writes_is_read_or_passed_over(header in r#"[Bb \t,="\\a-z]{0,40}"#) {
            for challenge in parse(&header) {
                proptest::prop_assert!(!challenge.scheme.is_empty());
            }
        }

        #[test]
        fn a_quoted_value_comes_back_whole(realm in "[ -~]{1,30}", service in "[ -~]{1,30}") {
            let quote = |text: &str| text.replace('\\', r"\\").replace('"', r#"\""#);
            let header = format!(r#"Bearer realm="{}",service="{}""#, quote(&realm), quote(&service));
            let challenges = parse(&header);
            proptest::prop_assert_eq!(challenges.len(), 1);
            proptest::prop_assert_eq!(challenges[0].get("realm"), Some(realm.as_str()));
            proptest::prop_assert_eq!(challenges[0].get("service"), Some(service.as_str()));
        }
    }
}
