//! The credentials that `docker login` left on this machine; they serve an image that names no Secret.

use std::{env, fs, path::PathBuf};

/// Far above any real file of credentials.
const SIZE_LIMIT: u64 = 1 << 20;

/// The bytes of `config.json` in `$DOCKER_CONFIG`, else in `~/.docker`. `None` where there is none that can be read.
pub fn docker_config() -> Option<Vec<u8>> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    read(set("DOCKER_CONFIG"), set("HOME"))
}

fn read(config: Option<PathBuf>, home: Option<PathBuf>) -> Option<Vec<u8>> {
    let file = config.or_else(|| home.map(|home| home.join(".docker")))?.join("config.json");
    let small = fs::metadata(&file).is_ok_and(|meta| meta.is_file() && meta.len() <= SIZE_LIMIT);
    if small { fs::read(file).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_folder_counts_before_the_one_at_home() {
        let root = tempfile::tempdir().unwrap();
        let (home, config) = (root.path().join("home"), root.path().join("config"));
        assert_eq!(read(None, None), None);
        assert_eq!(read(None, Some(home.clone())), None);
        for (folder, text) in [(home.join(".docker"), "home"), (config.clone(), "config")] {
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("config.json"), text).unwrap();
        }
        assert_eq!(read(None, Some(home.clone())).unwrap(), b"home");
        assert_eq!(read(Some(config.clone()), Some(home)).unwrap(), b"config");
        fs::File::create(config.join("config.json")).unwrap().set_len(SIZE_LIMIT + 1).unwrap();
        assert_eq!(read(Some(config), None), None);
    }
}
