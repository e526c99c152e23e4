//! A hostile template ends in an error: it neither hangs nor takes the stack or the memory with it.

#![expect(clippy::panic, reason = "a helper of tests fails loudly")]

mod common;

use proptest::prelude::*;
use tagalong_template::{Template, TemplateError, Value};

#[track_caller]
fn bounded(template: &str) {
    let found = Template::parse(template).and_then(|parsed| parsed.render(&common::data()));
    let shown: String = template.chars().take(120).collect();
    match found {
        Err(TemplateError::Bound { .. }) => {}
        Err(other) => panic!("{shown}: {other}"),
        Ok(text) => panic!("{shown}: {} bytes", text.len()),
    }
}

#[test]
fn one_call_cannot_ask_for_the_moon() {
    for call in [
        "repeat 1000000000 \"a\"",
        "repeat 9223372036854775807 \"ab\"",
        "until 99999999",
        "until -99999999",
        "untilStep 0 9223372036854775807 1",
        "untilStep -9223372036854775808 9223372036854775807 1",
        "seq 1 100000000",
        "seq -9223372036854775808 9223372036854775807",
        "indent 1000000000 \"a\"",
        "nindent 1000000000 \"a\"",
        "printf \"%1000000000d\" 1",
        "printf \"%.1000000000f\" 1.5",
        "printf \"%*d\" 1000000000 1",
        "printf \"%01000000000d\" 1",
        "printf \"%-1000000000s\" \"a\"",
        "replace \"\" (repeat 1000 \"b\") (repeat 10000 \"a\")",
        "regexReplaceAll \"a\" (repeat 10000 \"a\") (repeat 1000 \"b\")",
        "regexReplaceAll \".*\" (repeat 100000 \"a\") (repeat 100 \"$0\")",
        "wrapWith 1 (repeat 1000 \"b\") (repeat 10000 \"a\")",
        "splitList \"\" (repeat 1000000 \"a\")",
        "split \"\" (repeat 1000000 \"a\")",
        "regexFindAll \"a\" (repeat 1000000 \"a\") -1",
        "regexSplit \"\" (repeat 1000000 \"a\") -1",
        "toJson (repeat 300000 \"<\")",
        "join (repeat 1000 \"b\") (splitList \"\" (repeat 10000 \"a\"))",
        "quote (repeat 600000 \"\\\"\")",
    ] {
        bounded(&format!("{{{{ {call} }}}}"));
    }
}

#[test]
fn loops_and_recursion_end() {
    bounded("{{ range 9223372036854775807 }}{{ end }}");
    bounded("{{ range until 2000 }}{{ range until 2000 }}{{ end }}{{ end }}");
    bounded("{{ range until 100000 }}{{ range until 100000 }}x{{ end }}{{ end }}");
    bounded("{{ define \"r\" }}{{ template \"r\" . }}{{ end }}{{ template \"r\" . }}");
    bounded("{{ define \"r\" }}{{ template \"r\" (list .) }}{{ end }}{{ template \"r\" . }}");
    bounded(
        "{{ define \"a\" }}{{ template \"b\" }}{{ end }}{{ define \"b\" }}{{ template \"a\" }}{{ end }}{{ template \"a\" }}",
    );
    bounded(
        "{{ define \"f\" }}{{ if . }}{{ template \"f\" (sub . 1) }}{{ template \"f\" (sub . 1) }}{{ end }}{{ end }}{{ template \"f\" 60 }}",
    );
    let nested =
        format!("{}{}", "{{ if true }}".repeat(60), "{{ template \"r\" }}") + &"{{ end }}".repeat(60);
    bounded(&format!("{{{{ define \"r\" }}}}{nested}{{{{ end }}}}{{{{ template \"r\" }}}}"));
    let nested = format!("{}1{}", "(print ".repeat(60), ")".repeat(60));
    bounded(&format!(
        "{{{{ define \"r\" }}}}{{{{ template \"r\" {nested} }}}}{{{{ end }}}}{{{{ template \"r\" }}}}"
    ));
}

#[test]
fn growth_ends() {
    let big = "{{ $s := repeat 1000000 \"a\" }}";
    bounded(&format!("{big}{{{{ $s }}}}{{{{ $s }}}}"));
    bounded(&format!("{big}{{{{ range until 100000 }}}}{{{{ $x := upper $s }}}}{{{{ end }}}}"));
    bounded(&format!(
        "{big}{{{{ $l := list }}}}{{{{ range until 1000 }}}}{{{{ $l = append $l (lower $s) }}}}{{{{ end }}}}"
    ));
    bounded(&format!(
        "{big}{{{{ $d := dict }}}}{{{{ range until 1000 }}}}{{{{ $_ := set $d (print .) (lower $s) }}}}{{{{ end }}}}"
    ));
    bounded(&format!("{big}{{{{ range until 100000 }}}}{{{{ $x := contains \"b\" $s }}}}{{{{ end }}}}"));
    bounded(&format!("{big}{{{{ range until 10000 }}}}{{{{ $x := sha256sum $s }}}}{{{{ end }}}}"));
    bounded(&format!(
        "{big}{{{{ range until 10000 }}}}{{{{ $x := regexMatch \"(a|aa)*b\" $s }}}}{{{{ end }}}}"
    ));
    bounded("{{ $l := list 1 }}{{ range until 1000 }}{{ $l = list $l }}{{ end }}");
    bounded("{{ $l := list 1 }}{{ range until 60 }}{{ $l = list $l $l }}{{ end }}{{ $l }}");
    bounded("{{ $l := list 1 }}{{ range until 60 }}{{ $l = list $l $l }}{{ end }}{{ toJson $l }}");
    bounded("{{ $l := list 1 }}{{ range until 60 }}{{ $l = list $l $l }}{{ end }}{{ deepCopy $l }}");
    bounded(
        "{{ $l := list 1 }}{{ $m := list 1 }}{{ range until 60 }}{{ $l = list $l $l }}{{ $m = list $m $m }}{{ end }}{{ deepEqual $l $m }}",
    );
    bounded("{{ $l := list 1 }}{{ range until 60 }}{{ $l = concat $l $l }}{{ end }}");
    bounded("{{ $d := dict }}{{ range until 60 }}{{ $d = dict \"a\" $d \"b\" $d }}{{ end }}{{ $d }}");
    bounded("{{ $d := dict \"a\" 1 }}{{ $_ := set $d \"d\" $d }}{{ merge (dict \"d\" (dict)) $d | toJson }}");
    bounded("{{ $l := until 20000 }}{{ uniq $l }}");
    bounded("{{ range until 300 }}{{ $x := regexMatch (printf \"(a{100}){100}%d\" .) \"a\" }}{{ end }}");
    bounded(
        "{{ range until 100000 }}{{ $d := dict \"a\" . }}{{ range until 10 }}{{ $_ := set $d (print .) 1 }}{{ end }}{{ end }}",
    );
}

#[test]
fn deep_and_long_templates_are_refused_or_read() {
    bounded(&format!("{{{{ {}1{} }}}}", "(".repeat(5000), ")".repeat(5000)));
    bounded(&format!("{}{}", "{{ if 1 }}".repeat(5000), "{{ end }}".repeat(5000)));
    bounded(&format!("{}{}", "{{ range . }}".repeat(5000), "{{ end }}".repeat(5000)));
    bounded(&"a".repeat(300 * 1024));
    let chain = format!("{{{{ if 0 }}}}{}z{{{{ end }}}}", "{{ else if 0 }}x".repeat(5000) + "{{ else }}");
    let found = Template::parse(&chain).and_then(|parsed| parsed.render(&Value::Nil));
    assert_eq!(found.as_deref(), Ok("z"));
    let comments = "{{/* a */}}".repeat(20_000);
    assert_eq!(Template::parse(&comments).and_then(|parsed| parsed.render(&Value::Nil)).as_deref(), Ok(""));
    let fields = format!("{{{{ .Values{} }}}}", ".a".repeat(50_000));
    assert!(Template::parse(&fields).and_then(|parsed| parsed.render(&common::data())).is_ok());
    let pipes = format!("{{{{ 1{} }}}}", " | print".repeat(20_000));
    assert_eq!(Template::parse(&pipes).and_then(|parsed| parsed.render(&Value::Nil)).as_deref(), Ok("1"));
}

#[test]
fn a_message_about_five_thousand_changes_is_far_from_every_bound() {
    let change = |at: i64| {
        let fields = [
            ("OldValue", format!("registry.example.com/team/app-{at}:1.0.{at}").into()),
            ("NewValue", format!("registry.example.com/team/app-{at}:1.1.{at}").into()),
            ("Setter", format!("flux-system:app-{at}").into()),
        ];
        Value::structure("Change", fields)
    };
    let changed = Value::structure("Result", [("Changes", Value::list((0..5000).map(change)))]);
    let data = Value::structure("TemplateData", [("Changed", changed)]);
    let template = "{{ $l := list }}{{ range .Changed.Changes }}\
                    {{ $l = append $l (printf \"%s -> %s\" (.OldValue | splitList \":\" | last) .NewValue) }}\
                    {{ end }}{{ $l | sortAlpha | join \"\\n\" }}";
    let text = Template::parse(template).and_then(|parsed| parsed.render(&data)).expect("within the bounds");
    assert_eq!(text.lines().count(), 5000);
}

/// Pieces that make something a parser must think about.
fn piece() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "{{",
        "}}",
        "{{- ",
        " -}}",
        "{{/*",
        "*/}}",
        "if ",
        "else ",
        "end",
        "range ",
        "with ",
        "define ",
        "block ",
        "template ",
        "break",
        "continue",
        "$x",
        "$",
        " := ",
        " = ",
        ", ",
        "| ",
        "(",
        ")",
        ".Values",
        ".Changed.Changes",
        ".x",
        ". ",
        "nil ",
        "true ",
        "1 ",
        "-1 ",
        "1.5 ",
        "99999999999 ",
        "'a' ",
        "\"a\" ",
        "\"%v%5d%s\" ",
        "`b` ",
        "list ",
        "dict ",
        "append ",
        "printf ",
        "repeat ",
        "until ",
        "index ",
        "slice ",
        "set ",
        "len ",
        "join ",
        "regexReplaceAll ",
        "substr ",
        "trunc ",
        "wrap ",
        "semverCompare ",
        "toJson ",
        "fromJson ",
        "merge ",
        "eq ",
        "and ",
        "or ",
        "chunk ",
        "seq ",
        "round ",
        "b32dec ",
        "urlParse ",
        "snakecase ",
        "abbrevboth ",
        "é",
        " ",
        "\n",
    ]);
    prop_oneof![8 => pieces.prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from)]
}

/// A well-formed operand: a constant, data, or a call of some function on operands.
fn operand() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "1",
        "-3",
        "0",
        "2.5",
        "9223372036854775807",
        "-9223372036854775808",
        "\"\"",
        "\"a,b-c\"",
        "\"%5.2d|%q\"",
        "\"é\\u2028\"",
        "\"^a+(b)?$\"",
        "\">=1.2 <3 || ~4\"",
        "\"v1.2.3-rc.1+b\"",
        "true",
        "nil",
        ".",
        "$",
        ".Values",
        ".Changed.Changes",
        ".Changed.Objects",
        ".AutomationObject",
        ".Values.none",
        "(list 1 \"a\" nil)",
        "(dict \"a\" 1)",
        "\"{\\\"a\\\":[1]}\"",
        "\"a/b/../c.d\"",
        "\"https://u@h:1/p?q#f\"",
    ]);
    leaf.prop_map(str::to_owned).prop_recursive(4, 24, 4, |inner| {
        let names: Vec<&str> = FUNCTIONS.split_whitespace().collect();
        (prop::sample::select(names), prop::collection::vec(inner, 0..5))
            .prop_map(|(name, operands)| format!("({name} {})", operands.join(" ")))
    })
}

const FUNCTIONS: &str = "\
abbrev abbrevboth add add1 add1f addf adler32sum all any append atoi b32dec b32enc b64dec b64enc base biggest camelcase \
cat ceil chunk clean coalesce compact concat contains deepCopy deepEqual default dict dig dir div divf duration \
durationRound empty ext first float64 floor fromJson get has hasKey hasPrefix hasSuffix indent initial initials int \
isAbs join kebabcase keys kindIs kindOf last list lower max maxf merge mergeOverwrite min minf mod mul mulf nindent \
nospace omit pick pluck plural prepend quote regexFind regexFindAll regexMatch regexQuoteMeta regexReplaceAll \
regexReplaceAllLiteral regexSplit repeat replace rest reverse round semver semverCompare seq set sha1sum slice \
snakecase sortAlpha split splitList splitn squote sub subf substr swapcase ternary title toDecimal toJson toPrettyJson \
toRawJson toString toStrings trim trimAll trimPrefix trimSuffix trunc typeOf uniq unset until untilStep untitle upper \
urlJoin urlParse values without wrap wrapWith and eq ge gt html index js le len lt ne not or print printf println \
urlquery";

fn renders_or_fails(template: &str) -> Result<(), TestCaseError> {
    if let Ok(parsed) = Template::parse(template) {
        let _reads = parsed.uses_field(&["Changed", "ImageResult"]);
        if let Ok(text) = parsed.render(&common::data()) {
            prop_assert!(text.len() <= 1024 * 1024);
            prop_assert_eq!(parsed.render(&common::data()), Ok(text));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_renders_or_fails(template in "\\PC{0,60}") {
        renders_or_fails(&template)?;
    }

    #[test]
    fn any_pieces_render_or_fail(pieces in prop::collection::vec(piece(), 0..40)) {
        renders_or_fails(&pieces.concat())?;
    }

    #[test]
    fn any_calls_render_or_fail(operand in operand()) {
        renders_or_fails(&format!("{{{{ {operand} }}}}"))?;
    }

    #[test]
    fn any_pattern_compiles_or_fails(pattern in "[\\[\\]()\\\\^$.*+?{},a-c0-9:QEdwWb<>PUi-]{0,16}", text in "[abc\\[\\].-]{0,12}") {
        renders_or_fails(&format!("{{{{ regexReplaceAll `{pattern}` `{text}` \"[$0]\" }}}}"))?;
    }

    #[test]
    fn any_format_prints_or_fails(format in "[%+# 0-9.*\\[\\]a-zA-Zé-]{0,16}") {
        renders_or_fails(&format!("{{{{ printf `{format}` 42 \"a\" 1.5 nil .Changed.Changes }}}}"))?;
    }
}
