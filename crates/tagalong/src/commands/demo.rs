//! `tagalong demo`: the whole story on this machine; then its registry again, and further tags, to go on by hand.

use crate::cli::{DemoAction, DemoArgs, Global, Output};
use crate::commands::settle::stop_signal;
use crate::demo::place::Place;
use crate::demo::storage::Name;
use crate::demo::voice::Voice;
use crate::demo::{image, play, server};
use crate::exit::Answer;
use crate::print;
use anyhow::{Context as _, bail};
use jiff::Timestamp;
use std::path::Path;
use tagalong_model::Tag;

pub(crate) async fn run(args: DemoArgs, global: &Global) -> anyhow::Result<Answer> {
    if global.output != Output::Text {
        bail!("the demo tells a story; it has no other --output than text");
    }
    match (args.action, args.dir) {
        (Some(DemoAction::Registry { dir }), _) => registry(&Place::open(&dir)?).await,
        (Some(DemoAction::Push { dir, image }), _) => push(&Place::open(&dir)?, &image),
        (None, Some(dir)) => {
            let place = Place::create(&dir)?;
            let answer = tell(&place).await?;
            if answer == Answer::Yes {
                go_on(place.root())?;
            }
            Ok(answer)
        }
        (None, None) => {
            let folder = tempfile::Builder::new().prefix("tagalong-demo-").tempdir();
            let folder = folder.context("cannot make a temporary folder")?;
            let answer = tell(&Place::create(folder.path())?).await?;
            if answer == Answer::Yes {
                play_again(folder.path())?;
            }
            Ok(answer)
        }
    }
}

/// Plays until the end, or until somebody has seen enough. A step that does not come is told, and is no bad input.
async fn tell(place: &Place) -> anyhow::Result<Answer> {
    let voice = Voice::stdout();
    tokio::select! {
        played = play::play(place, &voice) => match played {
            Ok(()) => Ok(Answer::Yes),
            Err(error) => {
                print::story(&format!("error: the demo did not come to its end: {error:#}\n"));
                Ok(Answer::No)
            }
        },
        answer = stop_signal() => Ok(answer),
    }
}

async fn registry(place: &Place) -> anyhow::Result<Answer> {
    let port = place.port()?;
    let listener = server::listen(Some(port)).await?;
    print::text(&format!("serving localhost:{port} from {} until Ctrl-C\n", place.root().display()))?;
    tokio::select! {
        served = server::serve(listener, place.storage()) => served.map(|()| Answer::Yes),
        answer = stop_signal() => Ok(answer),
    }
}

/// Writes into the folder, which the registry reads anew for each question: it may be running or not.
fn push(place: &Place, reference: &str) -> anyhow::Result<Answer> {
    let host = format!("localhost:{}", place.port()?);
    let local = reference.strip_prefix(&format!("{host}/")).unwrap_or(reference);
    let Some((image, tag)) = local.rsplit_once(':') else {
        bail!("'{reference}' names no tag; write it as in shop/web:1.12.0");
    };
    let storage = place.storage();
    let names = storage.names().context("cannot read the images of the demo folder")?;
    let Some(name) = Name::parse(image).filter(|name| names.contains(name)) else {
        let known: Vec<&str> = names.iter().map(Name::as_str).collect();
        bail!("the demo's registry has no image '{image}'; it has {}", known.join(", "));
    };
    let tag: Tag = tag.parse()?;
    let digest = image::push(&storage, &name, &tag, Timestamp::now())?;
    print::text(&format!("pushed {host}/{}:{tag} ({digest})\n", name.as_str()))?;
    Ok(Answer::Yes)
}

/// The commands that go on in a folder that stays.
fn go_on(root: &Path) -> anyhow::Result<()> {
    let voice = Voice::stdout();
    let (me, dir) = (program(), quoted(&root.display().to_string()));
    voice.part("Go on by hand")?;
    voice.plain(&format!(
        "  Serve the registry again, in a second terminal or with & behind it:\n\
         \x20   {me} demo registry {dir}\n\
         \x20 Push another tag, and see what it would lead to, why, and that it does:\n\
         \x20   {me} demo push {dir} shop/web:1.12.0\n\
         \x20   {me} plan {dir}/fleet --state {dir}/state\n\
         \x20   {me} explain {dir}/fleet ImagePolicy/shop/web --state {dir}/state\n\
         \x20   {me} run {dir}/fleet --state {dir}/state --sync-to {dir}/synced --once\n\
         \x20 Look into the repository, if you have git:\n\
         \x20   git -C {dir}/estate.git log -p\n"
    ))
}

fn play_again(root: &Path) -> anyhow::Result<()> {
    let voice = Voice::stdout();
    voice.part("Go on by hand")?;
    voice.plain(&format!(
        "  {} is temporary and is removed now. To keep the folder, and go on in it with plan, explain and tags of\n\
         \x20 your own:\n\
         \x20   {} demo ./tagalong-demo\n",
        root.display(),
        program()
    ))
}

/// This program, as it was called.
fn program() -> String {
    let called = std::env::args_os().next().unwrap_or_else(|| "tagalong".into());
    quoted(&called.to_string_lossy())
}

/// As a shell reads it as one word.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+:@%=,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_each_word_back() {
        let check = |text: &str, expected: &str| assert_eq!(quoted(text), expected);
        check("target/release/tagalong", "target/release/tagalong");
        check("my demo", "'my demo'");
        check("it's", r"'it'\''s'");
        check("", "''");
    }

    #[test]
    fn a_push_needs_a_known_image_and_a_tag() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::create(&dir.path().join("demo")).unwrap();
        place.keep_port(4711).unwrap();
        let web = Name::parse("shop/web").unwrap();
        image::push(&place.storage(), &web, &"1.0.0".parse().unwrap(), Timestamp::now()).unwrap();
        for good in ["shop/web:1.1.0", "localhost:4711/shop/web:1.2.0"] {
            push(&place, good).unwrap();
        }
        assert_eq!(place.storage().tags(&web).unwrap().unwrap(), ["1.0.0", "1.1.0", "1.2.0"]);
        let refused = |reference: &str| push(&place, reference).err().unwrap().to_string();
        assert!(refused("shop/web").contains("names no tag"));
        assert!(refused("shop/wep:1").contains("it has shop/web"));
        assert!(refused("localhost:4712/shop/web:1").contains("has no image"));
        assert!(refused("shop/web:-").contains('-'));
    }
}
