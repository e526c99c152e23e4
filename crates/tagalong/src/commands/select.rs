//! `tagalong select`: which tag would win, from flags or from one ImagePolicy; tags from a registry or a file.

use crate::cli::{Global, Order, Output, SelectArgs};
use crate::exit::Answer;
use crate::{print, wiring};
use anyhow::{Context as _, bail};
use serde::Serialize;
use std::io::Read;
use std::time::{Duration, Instant};
use tagalong_model::ImageName;
use tagalong_policy::{Direction, FilterSpec, OrderSpec, Policy, Verdict};
use tagalong_registry::{Access, Credentials};

/// How long a registry may take.
const TIMEOUT: Duration = Duration::from_secs(60);

/// `select -o json`.
#[derive(Serialize)]
struct Answered {
    selected: Option<String>,
    accepted: Vec<Accepted>,
    refused: Vec<Refused>,
}

#[derive(Serialize)]
struct Accepted {
    tag: String,
    value: String,
}

#[derive(Serialize)]
struct Refused {
    tag: String,
    reason: &'static str,
}

pub(crate) async fn run(args: SelectArgs, global: &Global) -> anyhow::Result<Answer> {
    print::no_lint_format(global.output)?;
    let policy = policy(&args)?;
    let tags = tags(&args).await?;
    let tags = tags.iter().map(String::as_str);
    let decision = policy.decide(tags.clone(), &[]);
    let selected = match &decision.verdict {
        Verdict::Select { tag, .. } => Some(tag.clone()),
        Verdict::Hold { why, .. } => {
            print::story(&format!("{}\n", why.message));
            None
        }
        Verdict::Refuse { why } => {
            print::story(&format!("no tag selected: {why}\n"));
            None
        }
    };
    match global.output {
        Output::Text if args.all => {
            let lines: String =
                policy.rank(tags).accepted.iter().map(|ranked| format!("{}\n", ranked.tag)).collect();
            print::text(&lines)?;
        }
        Output::Text => {
            if let Some(tag) = &selected {
                print::text(&format!("{tag}\n"))?;
            }
        }
        output => {
            let ranking = policy.rank(tags);
            let accepted =
                ranking.accepted.into_iter().map(|ranked| Accepted { tag: ranked.tag, value: ranked.value });
            let refused =
                ranking.refused.into_iter().map(|(tag, refusal)| Refused { tag, reason: refusal.reason() });
            let answer = Answered {
                selected: selected.clone(),
                accepted: accepted.collect(),
                refused: refused.collect(),
            };
            print::document(output, &answer)?;
        }
    }
    Ok(if selected.is_some() { Answer::Yes } else { Answer::No })
}

fn policy(args: &SelectArgs) -> anyhow::Result<Policy> {
    if let Some(path) = &args.file {
        let loaded = tagalong_files::load(std::slice::from_ref(path))?;
        let [located] = loaded.policies.as_slice() else {
            bail!(
                "{} holds {} ImagePolicies; name a file with exactly one",
                path.display(),
                loaded.policies.len()
            );
        };
        let valid = tagalong_api::validate::policy(&located.object);
        return Ok(valid.with_context(|| format!("{}:{}", path.display(), located.line))?.rule);
    }
    let direction = |order: Order| match order {
        Order::Asc => Direction::Asc,
        Order::Desc => Direction::Desc,
    };
    let order = match (&args.select_semver, args.select_alpha, args.select_numeric) {
        (Some(range), ..) => OrderSpec::Semver { range: range.clone() },
        (_, Some(order), _) => OrderSpec::Alphabetical { order: direction(order) },
        (_, _, Some(order)) => OrderSpec::Numerical { order: direction(order) },
        _ => bail!(
            "say how to order: --select-semver RANGE, --select-alpha asc|desc, --select-numeric asc|desc, or -f FILE"
        ),
    };
    let filter = args
        .filter_regex
        .as_ref()
        .map(|pattern| FilterSpec { pattern: pattern.clone(), extract: args.filter_extract.clone() });
    let policy = Policy::compile(&order, filter.as_ref())?;
    if let Some(group) = policy.extract_groups_missing().first() {
        bail!("--filter-extract uses ${group}, a group that --filter-regex does not have");
    }
    Ok(policy)
}

async fn tags(args: &SelectArgs) -> anyhow::Result<Vec<String>> {
    let Some(path) = &args.tags else { return listed(args).await };
    let mut text = String::new();
    if path.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut text).context("cannot read tags from stdin")?;
    } else {
        text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read tags from {}", path.display()))?;
    }
    let (tags, others): (Vec<&str>, Vec<&str>) = lines(&text).partition(|line| is_tag(line));
    if let Some(first) = others.first() {
        let first = first.escape_debug();
        print::story(&match others.len() {
            1 => format!("1 line is no tag and is passed over: {first}\n"),
            count => format!("{count} lines are no tags and are passed over; the first is: {first}\n"),
        });
    }
    Ok(tags.into_iter().map(ToOwned::to_owned).collect())
}

/// What stands on each line of a file of tags. `#` begins a comment, since no tag can hold one.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let code = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    code.filter(|line| !line.is_empty())
}

/// Whether a registry could list it: the grammar of tags in the OCI distribution specification.
fn is_tag(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.len() <= 128 && text.starts_with(is_word) && text.chars().all(|c| is_word(c) || c == '.' || c == '-')
}

async fn listed(args: &SelectArgs) -> anyhow::Result<Vec<String>> {
    let Some(image) = &args.image else {
        bail!("say where the tags come from: --image IMAGE, or --tags FILE (- for stdin)");
    };
    let image: ImageName = image.parse()?;
    let credentials =
        wiring::pull_config().and_then(|config| config.find(&image)).unwrap_or(Credentials::Anonymous);
    let access = Access { credentials, ..Access::default() };
    let list = wiring::registry(None)?.list_tags(&image, &access, Instant::now() + TIMEOUT).await;
    Ok(list.with_context(|| format!("cannot list the tags of {image}"))?.tags)
}
