//! Mutated files, thousands of them: nothing may panic, and whatever is written may change marked values only.
//! Run for a moment by the tests and for as long as wanted by `examples/torture.rs`.

use granit_parser::{Event, Parser};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tagalong_edit::{Edit, Field, FileKind, LineFormat, ProblemReason, Scan, apply, scan};

/// What a run met.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) inputs: u64,
    pub(crate) unparsed: u64,
    pub(crate) edited: u64,
    pub(crate) fields: u64,
    pub(crate) refused: u64,
}

const SEEDS: [&str; 10] = [
    "a: old:1 «ns:x»\nb:\n  - c: {image: \"z\"} «ns:x:tag»\n  - &q 'it''s' «ns:x:name»\n---\nd: |\n  x: y «ns:x»\ne: *q\n",
    "spec:\n  containers:\n  - name: é日本\n    image: \"a\\u0041:1\" «ns:x»\r\n    args: [a, b,\n      c] «ns:x»\n? k\n: v «ns:x»\n",
    "# head\n«ns:x»\n- v:1\n- «ns:y»\n  w\n- z «ns:x:tag»\n\n- - q «ns:x»\n",
    "apiVersion: v1\nkind: List\nitems:\n- kind: A\n  metadata: {name: b}\n  spec:\n    repository: r «ns:x:name»\n    tag: 1.10 «ns:x:tag»\n",
    "%YAML 1.2\n---\n!!str t «ns:x»\n...\n--- &a\nm: {i: j, «ns:x»\n  k: [l,\n m] «ns:y» \n}\n<<: *a\n",
    "«ns:x»\nFROM a/b:1 AS c\nARG V=\"1\" «ns:x:tag»\n# x\n«ns:x:name»\nimage: localhost:5000/q:2@x\n",
    "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: a\nspec:\n  containers:\n    - name: b\n      image: r.io/a:1 «ns:x»\n      args: [\"-v\", c]\n      env:\n      - name: D\n        value: \"e:1\" «ns:y»\n",
    "image:\n  # which\n  repository: r.io/a «ns:x:name»\n  tag: '1.0' «ns:x:tag»\nscript: |\n  run «ns:x»\n\n# end\nempty:\nmap: {a: b:1} «ns:y»\n---\n- one\n- two «ns:x:tag»\n",
    "images:\n- name: r.io/a\n  newName: r.io/b «ns:x:name»\n  newTag: v1 «ns:x:tag»\n-   name: c\n    digest: d «ns:x:digest»\nk: {\n  a: b, «ns:x»\n  c: [d], «ns:y»\n}\n",
    "a: >-\n  folded «ns:x»\n\n  more\nb: \"multi\n  line\" «ns:x»\nc: |2-\n    keep\nd: ~ «ns:x:digest»\ne: «ns:x»\n",
];

const PIECES: [&str; 40] = [
    "#",
    "\"",
    "'",
    "\n",
    " ",
    ":",
    "-",
    "{",
    "}",
    "[",
    "]",
    ",",
    "&a ",
    "*a",
    "|",
    ">",
    "\t",
    "!!str ",
    "!!int ",
    "%",
    "---\n",
    "? ",
    "é",
    "\u{feff}",
    "\r",
    "\r\n",
    "\\",
    "«ns:x»",
    "«ns:y:tag»",
    "old:1",
    "- ",
    ": ",
    " #",
    "\n  ",
    "...",
    "\u{85}",
    "\u{2028}",
    "<<: ",
    "name: ",
    "\0",
];

const KINDS: [FileKind; 6] = [
    FileKind::Yaml,
    FileKind::Yaml,
    FileKind::Yaml,
    FileKind::Lines(LineFormat::Env),
    FileKind::Lines(LineFormat::Toml),
    FileKind::Lines(LineFormat::Text),
];

/// Xorshift: the same seed gives the same run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

/// Mutates and checks while `more` says so.
///
/// # Errors
/// The first input that breaks an invariant, and which.
pub(crate) fn run(seed: u64, mut more: impl FnMut(&Tally) -> bool) -> Result<Tally, String> {
    let mut random = Random(seed | 1);
    let mut tally = Tally::default();
    while more(&tally) {
        let input = mutated(&mut random);
        let kind = KINDS[random.below(KINDS.len())];
        tally.inputs += 1;
        let outcome = catch_unwind(AssertUnwindSafe(|| check(&input, kind, &mut tally)));
        let outcome = outcome.unwrap_or_else(|_| Err("panicked".to_owned()));
        outcome.map_err(|broken| format!("{broken}: {kind:?} {:?}", String::from_utf8_lossy(&input)))?;
    }
    Ok(tally)
}

fn mutated(random: &mut Random) -> Vec<u8> {
    let mut text = SEEDS[random.below(SEEDS.len())].to_owned();
    for _ in 0..=random.below(6) {
        let start = text.floor_char_boundary(random.below(text.len() + 1));
        let end = text.floor_char_boundary((start + random.below(12)).min(text.len())).max(start);
        match random.below(4) {
            0 => text.insert_str(start, PIECES[random.below(PIECES.len())]),
            1 => text.replace_range(start..end, ""),
            2 => text.replace_range(start..end, PIECES[random.below(PIECES.len())]),
            _ => {
                let copied = text[start..end].to_owned();
                let to = text.floor_char_boundary(random.below(text.len() + 1));
                text.insert_str(to, &copied);
            }
        }
    }
    let mut bytes = text.replace('«', "# {\"$imagepolicy\": \"").replace('»', "\"}").into_bytes();
    if random.below(50) == 0 && !bytes.is_empty() {
        let at = random.below(bytes.len());
        bytes[at] = random.below(256) as u8;
    }
    bytes
}

const VALUES: [&str; 6] = ["reg.io/x:9", "9", "1.10", "v1-é\"'\\", "true", "reg.io/x"];

fn check(input: &[u8], kind: FileKind, tally: &mut Tally) -> Result<(), String> {
    let found = scan(input, kind);
    if found != scan(input, kind) {
        return Err("two scans differ".to_owned());
    }
    if found.problems.iter().any(|p| matches!(p.reason, ProblemReason::InvalidYaml | ProblemReason::TooDeep))
    {
        tally.unparsed += 1;
    }
    let fields: Vec<&Field> = found.sites.iter().flat_map(|site| &site.fields).collect();
    if fields.is_empty() {
        return Ok(());
    }
    let lines = matches!(kind, FileKind::Lines(_));
    let values: Vec<&str> = fields
        .iter()
        .map(|field| if lines { line_value(field) } else { VALUES[field.span.end as usize % 6] })
        .collect();
    let edits: Vec<Edit<'_>> =
        fields.iter().zip(&values).map(|(field, value)| Edit { field, value }).collect();
    let edited = match apply(input, kind, &edits) {
        Ok(edited) => edited,
        Err(problem) => {
            tally.refused += 1;
            return Err(format!("refused, {problem}"));
        }
    };
    tally.edited += 1;
    tally.fields += fields.len() as u64;
    outside_is_equal(input, &edited.bytes, &edited.splices)?;
    let again = scan(&edited.bytes, kind);
    if shape(&again) != shape(&found) {
        return Err(format!("other sites after the edit, {:?} -> {:?}", shape(&found), shape(&again)));
    }
    let written: Vec<&Field> = again.sites.iter().flat_map(|site| &site.fields).collect();
    if written.iter().map(|field| field.value.as_str()).ne(values.iter().copied()) {
        return Err("a value does not read back".to_owned());
    }
    let edits: Vec<Edit<'_>> =
        written.iter().zip(&values).map(|(field, value)| Edit { field, value }).collect();
    if apply(&edited.bytes, kind, &edits).map_err(|problem| problem.to_string())?.bytes != edited.bytes {
        return Err("the second run writes again".to_owned());
    }
    if kind == FileKind::Yaml {
        only_marked_scalars_differ(input, &edited.bytes, &fields, &values)
    } else {
        Ok(())
    }
}

fn line_value(field: &Field) -> &'static str {
    match field.setter {
        tagalong_model::Setter::Image => "reg.io/x:9",
        tagalong_model::Setter::Name => "reg.io/x",
        tagalong_model::Setter::Tag => "v1.10",
        tagalong_model::Setter::Digest => {
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        }
    }
}

/// Sites and problems without places and values. Text that looks like a marker may stand in an edited value.
fn shape(found: &Scan) -> Vec<String> {
    let fields = found.sites.iter().flat_map(|site| {
        site.fields.iter().map(move |field| format!("{} {:?} {:?}", site.policy, field.setter, field.path))
    });
    let problems = found.problems.iter().filter(|problem| problem.reason != ProblemReason::MarkerInText);
    fields.chain(problems.map(|problem| problem.reason.to_string())).collect()
}

fn outside_is_equal(input: &[u8], output: &[u8], splices: &[tagalong_edit::Splice]) -> Result<(), String> {
    let (mut from, mut to) = (0, 0);
    for splice in splices {
        let kept = splice.span.start as usize - from;
        if input.get(from..from + kept) != output.get(to..to + kept) {
            return Err("bytes outside of a value changed".to_owned());
        }
        (from, to) = (splice.span.end as usize, to + kept + splice.new.len());
    }
    if input.get(from..) == output.get(to..) {
        Ok(())
    } else {
        Err("bytes behind the last value changed".to_owned())
    }
}

/// The same check with the parser alone: every event but the marked scalars is as it was.
fn only_marked_scalars_differ(
    input: &[u8],
    output: &[u8],
    fields: &[&Field],
    values: &[&str],
) -> Result<(), String> {
    let text = |bytes| std::str::from_utf8(bytes).map_err(|error| error.to_string());
    let (before, after) = (text(input)?, text(output)?);
    let mut new = Parser::new_from_str(after);
    for old in Parser::new_from_str(before) {
        let (old, span) = old.map_err(|error| error.to_string())?;
        let (new, _) = new.next().ok_or("the edited file is shorter")?.map_err(|error| error.to_string())?;
        let start = span.byte_range().map(|range| range.start as u32);
        let marked = fields
            .iter()
            .position(|field| Some(field.span.start) == start && matches!(old, Event::Scalar(..)));
        let expected = marked.map(|at| values[at]);
        let same = match (&old, &new, expected) {
            (
                Event::Scalar(_, _, anchor, tag),
                Event::Scalar(value, _, new_anchor, new_tag),
                Some(expected),
            ) => value == expected && anchor == new_anchor && tag == new_tag,
            _ => old == new,
        };
        if !same {
            return Err(format!("another node changed, {old:?} -> {new:?}"));
        }
    }
    Ok(())
}

#[test]
fn only_marked_values_change_in_mutated_files() {
    let tally = run(88_172_645_463_325_252, |tally| tally.inputs < 8_000).unwrap();
    assert!(tally.edited > 500 && tally.unparsed > 500, "{tally:?}");
}
