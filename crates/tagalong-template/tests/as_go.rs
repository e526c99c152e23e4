//! Every case in `tests/cases` gives what Go's text/template with sprig gives for it.
//!
//! A case is a template in lines that begin with `> `, then what Go answers: the text in lines that begin with
//! `= `, or `! error`. The answers were recorded from Go 1.26, sprig 3.3 and semver 3.5.

#![expect(clippy::expect_used, reason = "a helper of tests fails loudly")]

mod common;

use tagalong_template::Template;

#[derive(Default)]
struct Case {
    template: Vec<String>,
    answer: Vec<String>,
    fails: bool,
}

fn cases(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut fresh = true;
    for line in text.lines() {
        let body = line.get(2..).unwrap_or_default().to_owned();
        match line.chars().next() {
            Some('>') => {
                if fresh {
                    cases.push(Case::default());
                }
                cases.last_mut().expect("a case").template.push(body);
                fresh = false;
            }
            Some('=') => {
                cases.last_mut().expect("a case").answer.push(body);
                fresh = true;
            }
            Some('!') => {
                cases.last_mut().expect("a case").fails = true;
                fresh = true;
            }
            _ => {}
        }
    }
    cases
}

fn check(table: &str) {
    let data = common::data();
    let mut wrong = Vec::new();
    let cases = cases(table);
    assert!(cases.len() > 10, "the table has no cases");
    for case in cases {
        let template = case.template.join("\n");
        let found = Template::parse(&template).and_then(|parsed| parsed.render(&data));
        let wanted = if case.fails { Err("an error".to_owned()) } else { Ok(case.answer.join("\n")) };
        let alike = match (&found, &wanted) {
            (Ok(found), Ok(wanted)) => found == wanted,
            (Err(_), Err(_)) => true,
            _ => false,
        };
        if !alike {
            let found = found.map_err(|error| error.to_string());
            wrong.push(format!("{template}\n   Go: {wanted:?}\n ours: {found:?}\n"));
        }
    }
    assert!(wrong.is_empty(), "{} differ from Go:\n{}", wrong.len(), wrong.join("\n"));
}

macro_rules! tables {
    ($($name:ident),*) => {
        $(
            #[test]
            fn $name() {
                check(include_str!(concat!("cases/", stringify!($name), ".txt")));
            }
        )*
    };
}

tables!(compare, dicts, encoding, flux, lists, math, printf, regex, semver, strings, syntax);
