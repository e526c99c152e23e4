//! What the API promises beside Go's behaviour: errors that name things, fields in use, and where it is wider than Go.

#![expect(clippy::expect_used, reason = "a helper of tests fails loudly")]

mod common;

use tagalong_template::{Template, TemplateError, Value};

fn render(template: &str) -> Result<String, TemplateError> {
    Template::parse(template)?.render(&common::data())
}

#[track_caller]
fn check(template: &str, wanted: &str) {
    assert_eq!(render(template).as_deref(), Ok(wanted), "{template}");
}

#[track_caller]
fn check_error(template: &str, wanted: &str) {
    let error = render(template).expect_err(template);
    assert_eq!(error.to_string(), wanted, "{template}");
}

#[test]
fn an_unknown_function_is_named_with_its_line_even_in_a_branch_never_taken() {
    let error = Template::parse("a\n{{ if false }}\n{{ frobnicate 1 }}{{ end }}").expect_err("unknown");
    assert_eq!(error, TemplateError::UnknownFunction { line: 3, name: "frobnicate".into() });
    assert_eq!(error.to_string(), "line 3 of the template: there is no function `frobnicate`");
}

#[test]
fn a_function_left_out_on_purpose_says_why() {
    for (name, reason) in [
        ("genCA", "keys"),
        ("bcrypt", "passwords"),
        ("encryptAES", "keys"),
        ("randInt", "random"),
        ("shuffle", "random"),
        ("uuidv4", "random"),
        ("now", "clock"),
        ("toDate", "time zone"),
        ("env", "environment"),
        ("call", "no functions"),
    ] {
        let error = Template::parse(&format!("{{{{ {name} 1 }}}}")).expect_err(name);
        assert!(
            matches!(&error, TemplateError::UnsupportedFunction { line: 1, name: found, .. } if found == name)
        );
        let text = error.to_string();
        assert!(text.contains("known but not supported here") && text.contains(reason), "{text}");
    }
}

/// The names of sprig's hermetic set, and what Go templates bring themselves.
const NAMES: &str = "\
abbrev abbrevboth add add1 add1f addf adler32sum ago all any append atoi b32dec b32enc b64dec b64enc base bcrypt \
biggest buildCustomCert camelcase cat ceil chunk clean coalesce compact concat contains decryptAES deepCopy deepEqual \
default derivePassword dict dig dir div divf duration durationRound empty encryptAES ext fail first float64 floor \
fromJson genCA genCAWithKey genPrivateKey genSelfSignedCert genSelfSignedCertWithKey genSignedCert \
genSignedCertWithKey get has hasKey hasPrefix hasSuffix hello htpasswd indent initial initials int int64 isAbs join \
kebabcase keys kindIs kindOf last list lower max maxf merge mergeOverwrite min minf mod mul mulf mustAppend mustChunk \
mustCompact mustDateModify mustDeepCopy mustFirst mustFromJson mustHas mustInitial mustLast mustMerge \
mustMergeOverwrite mustPrepend mustPush mustRegexFind mustRegexFindAll mustRegexMatch mustRegexReplaceAll \
mustRegexReplaceAllLiteral mustRegexSplit mustRest mustReverse mustSlice mustToDate mustToJson mustToPrettyJson \
mustToRawJson mustUniq mustWithout must_date_modify nindent nospace omit osBase osClean osDir osExt osIsAbs pick \
pluck plural prepend push quote randInt regexFind regexFindAll regexMatch regexQuoteMeta regexReplaceAll \
regexReplaceAllLiteral regexSplit repeat replace rest reverse round semver semverCompare seq set sha1sum sha256sum \
sha512sum shuffle slice snakecase sortAlpha split splitList splitn squote sub subf substr swapcase ternary title \
toDate toDecimal toJson toPrettyJson toRawJson toString toStrings trim trimAll trimPrefix trimSuffix trimall trunc \
tuple typeIs typeIsLike typeOf uniq unixEpoch unset until untilStep untitle upper urlJoin urlParse values without \
wrap wrapWith and call eq ge gt html index js le len lt ne not or print printf println urlquery";

#[test]
fn every_function_that_flux_offers_is_there_or_says_why_not() {
    let mut refused = Vec::new();
    for name in NAMES.split_whitespace() {
        match Template::parse(&format!("{{{{ {name} }}}}")) {
            Ok(_) => {}
            Err(TemplateError::UnsupportedFunction { .. }) => refused.push(name),
            Err(other) => panic!("{name}: {other}"),
        }
    }
    assert_eq!(
        refused.join(" "),
        "ago bcrypt buildCustomCert decryptAES derivePassword encryptAES genCA genCAWithKey genPrivateKey \
         genSelfSignedCert genSelfSignedCertWithKey genSignedCert genSignedCertWithKey htpasswd mustDateModify \
         mustToDate must_date_modify randInt shuffle toDate unixEpoch call"
    );
}

#[test]
fn errors_name_the_line_and_what_is_wrong() {
    check_error("{{ .Nope }}", "line 1 of the template: there is no field `Nope` in TemplateData");
    check_error(
        "a\nb\n{{ range .Changed.Changes }}{{ .Tag }}{{ end }}",
        "line 3 of the template: there is no field `Tag` in Change",
    );
    check_error("{{ .Values.team.x }}", "line 1 of the template: there is no field `x` in text");
    check_error("\n{{ fail \"no\" }}", "line 2 of the template: fail: no");
    check_error(
        "{{ upper 5 }}",
        "line 1 of the template: upper: argument 1 must be text, not a whole number",
    );
    check_error("{{ upper }}", "line 1 of the template: upper: wants 1 arguments, got 0");
    check_error(
        "{{ if true }}\n",
        "line 2 of the template: unexpected end of the template; an `{{end}}` is missing",
    );
    check_error("{{ $x }}", "line 1 of the template: undefined variable `$x`");
    check_error("{{ template \"x\" }}", "line 1 of the template: template `x` is not defined");
    check_error(
        "{{ \"\\q\" }}",
        "line 1 of the template: unknown escape `\\q`; write a backslash as `\\\\` or use backquotes",
    );
    check_error(
        "{{ regexFind \"(\" \"\" }}",
        "line 1 of the template: regexFind: \"(\" is no valid regular expression (RE2 syntax): `(` without `)`, \
         at character 1",
    );
}

#[test]
fn values_serve_where_go_wants_a_dictionary_it_made_itself() {
    check("{{ keys .Values }}", "[cluster empty team]");
    check("{{ .Changed.FileChanges | keys | first }}", "apps/kustomization.yaml");
    check("{{ get .Values \"team\" }} {{ hasKey .Values \"x\" }}", "platform false");
    check("{{ merge (dict \"a\" 1) .Values }}", "map[a:1 cluster:prod empty: team:platform]");
    check("{{ dig \"team\" \"none\" .Values }}", "platform");
    check_error(
        "{{ set .Values \"a\" 1 }}",
        "line 1 of the template: set: the data of the message cannot be changed; copy it with `merge (dict) …`",
    );
}

#[test]
fn any_whole_number_serves_as_an_int() {
    check("{{ trunc (add 1 2) \"abcdef\" }} {{ until (add 1 1) }} {{ duration 95 }}", "abc [0 1] 1m35s");
}

#[test]
fn a_cut_never_leaves_half_a_character() {
    check("{{ trunc 2 \"aéb\" }}|{{ trunc -2 \"aéb\" }}|{{ substr 0 2 \"aéb\" }}", "a|b|a");
    check("{{ abbrev 5 \"ééééééé\" }} {{ wrap 2 \"éé éé\" }}", "éé... éé\néé");
}

#[test]
fn keys_are_visited_in_order() {
    check(
        "{{ keys (dict \"b\" 1 \"a\" 2) (dict \"c\" 3) }} {{ values (dict \"b\" 1 \"a\" 2) }}",
        "[a b c] [2 1]",
    );
}

#[test]
fn a_dictionary_may_hold_itself_and_only_showing_it_fails() {
    check("{{ $d := dict }}{{ $_ := set $d \"me\" $d }}{{ len $d.me.me.me }}", "1");
    check_error(
        "{{ $d := dict }}{{ $_ := set $d \"me\" $d }}{{ $d }}",
        "line 1 of the template: a value nests deeper than 64",
    );
}

#[test]
fn a_template_can_be_kept_and_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Template>();
    shared::<TemplateError>();
}

#[test]
fn one_template_renders_many_times() {
    let template = Template::parse("{{ .Name }}").expect("well formed");
    for name in ["a", "b"] {
        let data = Value::structure("Data", [("Name", name.into())]);
        assert_eq!(template.render(&data).as_deref(), Ok(name));
    }
}

#[test]
fn other_data_prints_as_go_prints_it() {
    let point = Value::structure("Point", [("X", 1.into()), ("Y", Value::Float(0.5))]);
    let data = Value::map([
        ("list", Value::List(vec![Value::Nil, true.into(), point.clone()])),
        ("empty", Value::Map(std::collections::BTreeMap::new())),
        ("point", point),
    ]);
    let template = Template::parse("{{ . }}|{{ index .empty \"x\" }}|{{ .list }}").expect("well formed");
    assert_eq!(
        template.render(&data).as_deref(),
        Ok("map[empty:map[] list:[<nil> true {1 0.5}] point:{1 0.5}]||[<nil> true {1 0.5}]")
    );
}

#[track_caller]
fn uses(template: &str, chain: &[&str], wanted: bool) {
    assert_eq!(Template::parse(template).expect("well formed").uses_field(chain), wanted, "{template}");
}

#[test]
fn a_removed_field_is_found_wherever_it_is_read() {
    for template in [
        "{{ .Updated }}",
        "{{ .Updated.Images }}",
        "{{ $.Updated.Files }}",
        "{{ range .Updated.Images }}{{ end }}",
        "{{ if false }}{{ print (len .Updated.Images) }}{{ end }}",
        "{{ range .Changed.Changes }}{{ $.Updated }}{{ end }}",
        "{{ with .Values }}{{ $.Updated }}{{ end }}",
        "{{ $all := . }}{{ $all.Updated }}",
        "{{ (.).Updated }}",
        "{{ define \"t\" }}{{ .Updated }}{{ end }}{{ template \"t\" . }}",
        "{{ block \"t\" $ }}{{ $.Updated }}{{ end }}",
        "{{ with .Nope }}{{ else }}{{ .Updated }}{{ end }}",
        "{{ if .Values }}{{ else if .Updated }}{{ end }}",
        "{{ .Values.team | default .Updated }}",
    ] {
        uses(template, &["Updated"], true);
    }
    for template in [
        "{{ .Changed.ImageResult }}",
        "{{ with .Changed }}{{ .ImageResult.Images }}{{ end }}",
        "{{ with $c := .Changed }}{{ $c.ImageResult }}{{ end }}",
        "{{ (.Changed).ImageResult }}",
        "{{ with .Changed }}{{ range .ImageResult.Images }}{{ end }}{{ end }}",
        "{{ define \"t\" }}{{ .ImageResult }}{{ end }}{{ template \"t\" .Changed }}",
        "{{ $.Changed.ImageResult.Files }}",
    ] {
        uses(template, &["Changed", "ImageResult"], true);
    }
}

#[test]
fn a_field_of_that_name_elsewhere_is_none() {
    for template in [
        "Updated {{ .Values.Updated }}",
        "{{ with .Values }}{{ .Updated }}{{ end }}",
        "{{ range .Changed.Changes }}{{ .Updated }}{{ end }}",
        "{{ \".Updated\" }}",
        "{{/* .Updated */}}",
        "{{ define \"t\" }}{{ .Updated }}{{ end }}",
        "{{ (dict \"Updated\" 1).Updated }}",
        "{{ $x := .Values }}{{ $x.Updated }}",
    ] {
        uses(template, &["Updated"], false);
    }
    uses("{{ .Changed }}{{ .Changed.Changes }}", &["Changed", "ImageResult"], false);
    uses("{{ .ImageResult }}", &["Changed", "ImageResult"], false);
}
