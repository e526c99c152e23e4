//! Which format a file is in: by its name, as Flux reads it, and by what SOPS leaves in it.

use memchr::memmem;

/// What SOPS writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Yaml,
    Json,
    Dotenv,
    Ini,
    /// Bytes in a JSON envelope.
    Binary,
}

impl Format {
    /// By the ending of a name.
    pub(crate) fn of(name: &str) -> Self {
        let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
        if ends(&[".yaml", ".yml"]) {
            Self::Yaml
        } else if ends(&[".json", ".dockerconfigjson"]) {
            Self::Json
        } else if ends(&[".env"]) {
            Self::Dotenv
        } else if ends(&[".ini"]) {
            Self::Ini
        } else {
            Self::Binary
        }
    }

    /// Of a file with variables: anything without an ending that says otherwise.
    pub(crate) fn of_env(name: &str) -> Self {
        match Self::of(name) {
            Self::Binary => Self::Dotenv,
            other => other,
        }
    }

    /// The format of an encrypted file; none where it is not encrypted.
    pub(crate) fn found(bytes: &[u8]) -> Option<Self> {
        let has = |marker: &str| memmem::find(bytes, marker.as_bytes()).is_some();
        if !has("ENC[AES256_GCM,") {
            return None;
        }
        [
            ("sops_mac=ENC[", Self::Dotenv),
            ("\"mac\": \"ENC[", Self::Json),
            ("\"mac\":\"ENC[", Self::Json),
            ("[sops]", Self::Ini),
            ("mac: ENC[", Self::Yaml),
            ("mac: \"ENC[", Self::Yaml),
            ("mac: 'ENC[", Self::Yaml),
        ]
        .into_iter()
        .find_map(|(marker, format)| has(marker).then_some(format))
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Yaml => "YAML",
            Self::Json => "JSON",
            Self::Dotenv => "dotenv",
            Self::Ini => "INI",
            Self::Binary => "binary",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_known_by_name_and_by_marker() {
        for (name, expected) in [
            ("a.yaml", Format::Yaml),
            ("a.enc.yml", Format::Yaml),
            ("config.json", Format::Json),
            (".dockerconfigjson", Format::Json),
            ("prod.env", Format::Dotenv),
            ("a.ini", Format::Ini),
            ("token", Format::Binary),
        ] {
            assert_eq!(Format::of(name), expected, "{name}");
        }
        assert_eq!(Format::of_env("secrets"), Format::Dotenv);
        assert_eq!(Format::of_env("secrets.json"), Format::Json);
        let value = "ENC[AES256_GCM,data:x]";
        for (text, expected) in [
            (format!("a: {value}\nsops:\n    mac: {value}\n"), Some(Format::Yaml)),
            (format!("{{\"sops\": {{\"mac\": \"{value}\"}}}}"), Some(Format::Json)),
            (format!("A={value}\nsops_mac={value}\n"), Some(Format::Dotenv)),
            (format!("[sops]\nmac={value}\n"), Some(Format::Ini)),
            (format!("a: {value}\n"), None),
            ("mac: ENC[".to_owned(), None),
        ] {
            assert_eq!(Format::found(text.as_bytes()), expected, "{text}");
        }
    }
}
