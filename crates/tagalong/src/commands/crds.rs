//! `tagalong crds`: the CustomResourceDefinitions, one YAML document each, for `kubectl apply`.

use crate::exit::Answer;
use crate::print;

pub(crate) fn run() -> anyhow::Result<Answer> {
    let mut text = String::new();
    for crd in tagalong_api::crds::all() {
        text.push_str("---\n");
        text.push_str(&serde_saphyr::to_string(&crd)?);
    }
    print::bytes(text.as_bytes())?;
    Ok(Answer::Yes)
}
