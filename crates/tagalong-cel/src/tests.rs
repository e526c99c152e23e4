//! Expressions as people write them, as nobody should, and what is told of both.

use super::*;
use serde_json::json;

fn holds(text: &str, object: &Value) -> Result<bool, CelError> {
    let fields = object.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value));
    Expression::parse(text, None)?.holds(fields)
}

fn certificate() -> Value {
    json!({
        "apiVersion": "cert-manager.io/v1", "kind": "Certificate",
        "metadata": {"name": "web", "generation": 3, "labels": {"app.kubernetes.io/name": "web"}},
        "spec": {"replicas": 2, "ratio": 0.5},
        "status": {"observedGeneration": 3, "phase": "Ready", "conditions": [
            {"type": "Ready", "status": "True", "reason": "Issued"},
            {"type": "Issuing", "status": "False", "reason": "Done"},
        ]},
    })
}

#[test]
fn expressions_are_answered() {
    let object = certificate();
    for (text, expected) in [
        ("true", Ok(true)),
        ("status.conditions.filter(e, e.type == 'Ready').all(e, e.status == 'True')", Ok(true)),
        ("status.conditions.filter(e, e.type == 'Ready').all(e, e.status == 'False')", Ok(false)),
        (
            "status.conditions.exists(c, c.type == 'Ready' && c.status == 'True' && c.reason == 'Issued')",
            Ok(true),
        ),
        ("status.conditions.exists_one(c, c.status == 'False')", Ok(true)),
        ("status.conditions.map(c, c.type) == ['Ready', 'Issuing']", Ok(true)),
        ("size(status.conditions) == 2 && status.conditions[0].type.startsWith('Re')", Ok(true)),
        ("status.observedGeneration == metadata.generation", Ok(true)),
        ("metadata.generation != status.observedGeneration", Ok(false)),
        ("has(status.conditions) && !has(status.failure)", Ok(true)),
        ("status.?phase.orValue('') == 'Ready' && status.?none.orValue('x') == 'x'", Ok(true)),
        ("has(status.failure) ? status.failure == '' : true", Ok(true)),
        ("metadata.labels['app.kubernetes.io/name'] == 'web'", Ok(true)),
        ("'tier' in metadata.labels", Ok(false)),
        ("has(metadata.labels) && 'app.kubernetes.io/name' in metadata.labels", Ok(true)),
        ("status.phase in ['Ready', 'Done']", Ok(true)),
        ("spec.replicas >= 2 && spec.replicas < 3 && spec.ratio == 0.5", Ok(true)),
        ("status.phase.matches('^R[a-z]+$')", Ok(true)),
        ("status.ready == 'x'", Err(CelError::Missing("ready".to_owned()))),
        ("data.x == 'x'", Err(CelError::Missing("data".to_owned()))),
        ("status.phase", Err(CelError::NoCondition)),
        ("1 / (spec.replicas - 2) == 1", Err(CelError::Failed("it divides by zero"))),
    ] {
        assert_eq!(holds(text, &object), expected, "{text}");
    }
}

#[test]
fn health_is_asked_for_in_fluxs_order() {
    let parse = |text| Expression::parse(text, None).unwrap();
    let health = HealthExpressions {
        in_progress: Some(parse("status.a == 1")),
        failed: Some(parse("status.b == 1")),
        current: parse("status.c == 1"),
    };
    let judge = |a: i64, b: i64, c: i64| health.judge(&json!({"status": {"a": a, "b": b, "c": c}}));
    assert_eq!(judge(1, 1, 1), Ok(Verdict::InProgress));
    assert_eq!(judge(0, 1, 1), Ok(Verdict::Failed));
    assert_eq!(judge(0, 0, 1), Ok(Verdict::Current));
    assert_eq!(judge(0, 0, 0), Ok(Verdict::InProgress));
    let missing = health.judge(&json!({"status": {"a": 0}}));
    assert_eq!(missing, Err(("failed", CelError::Missing("b".to_owned()))));
}

#[test]
fn what_is_wrong_is_found_before_it_is_evaluated() {
    let parse =
        |text: &str| Expression::parse(text, Some(&["self", "dep"])).map(|_| ()).map_err(|e| e.to_string());
    for (text, expected) in [
        ("dep.status.ready", Ok(())),
        ("dep.list.all(e, e.x == self.x)", Ok(())),
        ("dep.a == self.a ? true : [1, 2].map(x, x + 1).exists(y, y == 2)", Ok(())),
        ("deps.status.ready", Err("there is no variable 'deps'; it may use self and dep")),
        ("self.list.all(e, f.x)", Err("there is no variable 'f'; it may use self and dep")),
        ("sizeof(self.list) > 1", Err("there is no function 'sizeof'")),
        ("self.list.sum() > 1", Err("there is no function 'sum'")),
        ("", Err("it does not parse")),
        ("self.a ==", Err("it does not parse")),
        ("self.a = 1", Err("it does not parse")),
    ] {
        match (parse(text), expected) {
            (Ok(()), Ok(())) => {}
            (Err(got), Err(expected)) if got.starts_with(expected) => assert!(!got.contains('\n'), "{got}"),
            (got, expected) => panic!("{text}: {got:?}, not {expected:?}"),
        }
    }
}

/// On a thread with the stack of one of the runtime's workers.
fn on_a_worker(run: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(2 << 20).spawn(run).unwrap().join().unwrap();
}

#[test]
fn hostile_expressions_are_refused_or_end() {
    on_a_worker(|| {
        let object = certificate();
        let nested = |open: &str, inner: &str, close: &str, depth: usize| {
            [&open.repeat(depth), inner, &close.repeat(depth)].concat()
        };
        for text in [
            nested("(", "true", ")", 100_000),
            nested("(", "true", ")", 20),
            nested("[", "1", "]", 2000),
            nested("!", "true", "", 4000),
            nested("!", "true", "", 250),
            nested("-", "1", "", 250),
            nested("{1:", "1", "}", 500),
            nested("a.", "b", "", 250),
            nested("1+", "1", "", 250),
            nested("true?true:", "true", "", 120),
            nested("true && ", "true", "", 120),
            nested("a[", "0", "]", 23),
            nested("size(", "a", ")", 23),
            nested("[1].all(x, ", "true", ")", 23),
            "\u{0}".to_owned(),
            "'".to_owned(),
            "\"\\u".to_owned(),
            "b'\\xff'".to_owned(),
            "status.conditions.all(é, true)".to_owned(),
            format!("{} == 1", "9".repeat(400)),
            "-9223372036854775808 / -1 == 1".to_owned(),
            "9223372036854775807 + 1 == 1".to_owned(),
            "'a'.matches('(((((((((((a{99}){99}){99}){99})))))))))')".to_owned(),
            "timestamp('x') == timestamp('y')".to_owned(),
        ] {
            let _answer = holds(&text, &object);
        }
    });
}

#[test]
fn values_do_not_grow_without_bound() {
    let doubled = format!("['aaaaaaaa']{} == []", ".map(a, a + a)".repeat(40));
    let eight = |name: &str| [name; 8].join(",");
    let listed = format!("[[1,1]].all(a, [[{}]].all(b, [[{}]] == []))", eight("a"), eight("b"));
    let ones = ["1"; 8].join(",");
    let deep = format!("[{ones}].map(a, [{ones}].map(b, [{ones}].map(c, data))) == []");
    let long = format!("data.map(k, '{}') == []", "a".repeat(3000));
    let refused = [
        &doubled,
        &listed,
        &deep,
        &long,
        "data.map(k, data.big + data.big).size() == 0",
        "data.map(k, data) == []",
        "data.keys.map(a, data.keys.map(b, a + b)) == []",
        "data.map(k, true ? data : k) == []",
    ];
    for text in refused {
        let refused = Expression::parse(text, None).unwrap_err();
        assert!(matches!(refused, CelError::TooLarge(_)), "{text}: {refused}");
    }
    for text in [
        "data.items.filter(i, i.name == metadata.name + '-x').size() == 1",
        "data.items.exists(i, data.big.contains(i.name))",
        "data.items.map(i, i.parts.map(p, p.name + i.sep)) == []",
        "data.items.map(i, i.parts.map(p, p.name)) == []",
    ] {
        let parsed = Expression::parse(text, None);
        let nested = text.contains("i.sep");
        assert_eq!(parsed.is_err(), nested, "{text}: {parsed:?}");
    }
    let fine = "status.conditions.map(c, c.type + '/' + c.status).filter(t, t != '').size() == 2";
    assert_eq!(holds(fine, &certificate()), Ok(true));
}

#[test]
fn an_evaluation_ends_by_itself() {
    let items: Vec<u32> = (0..100_000).collect();
    let object = json!({"a": items});
    for endless in [
        "a.all(x, a.all(y, a.all(z, x + y + z >= 0)))",
        "a.map(x, a.exists_one(y, a.exists_one(z, z < 0))) == []",
    ] {
        assert_eq!(holds(endless, &object), Err(CelError::Failed("its loops take too long")), "{endless}");
    }
    let late = Expression::parse("a.all(x, x >= 0)", None).unwrap();
    let answer = late.holds_until([("a", &object["a"])], std::time::Instant::now());
    assert_eq!(answer, Err(CelError::Failed("its loops take too long")));
    assert_eq!(
        holds("a.filter(x, x % 2 == 0).size() == 5", &json!({"a": (0..10).collect::<Vec<u32>>()})),
        Ok(true)
    );
    assert_eq!(
        holds(
            "a.exists_one(x, x == 7) && a.map(x, x * 2)[9] == 18",
            &json!({"a": (0..10).collect::<Vec<u32>>()})
        ),
        Ok(true)
    );
}

#[test]
fn no_error_holds_a_value() {
    let object = json!({"data": {"password": "hunter2"}, "hunter": ["hunter2"]});
    for text in [
        "data.password + 1 == 2",
        "data.password > 1",
        "hunter['hunter2'] == 1",
        "int(data.password) == 1",
        "duration(data.password) == duration('1s')",
        "data[data.password] == 1",
        "data.password.matches('(')",
    ] {
        let said = holds(text, &object).unwrap_err().to_string();
        assert!(!said.contains("hunter2"), "{text}: {said}");
    }
}
