//! The estate for a `run` that finds 5,000 images with 2,000,000 tags in its store, and nothing due.

use crate::estate::Estate;
use crate::folder;
use crate::step::{Job, Step};
use anyhow::{Result, anyhow, bail};
use jiff::Timestamp;
use serde_json::{Value, json};
use tagalong_model::ImageName;
use tagalong_store::{ListingKey, Store};

const IMAGES: usize = 5000;
const TAGS: usize = 400;
const FILES: usize = 100;
/// Each listing is made durable, which takes the disk longer than us.
const THREADS: usize = 8;

pub(crate) struct Lists {
    estate: Estate,
}

fn name(number: usize) -> String {
    format!("image{number:04}")
}

impl Lists {
    pub(crate) fn open() -> Result<Self> {
        let estate = Estate::new()?;
        estate.repository("fleet.git", FILES, name)?;
        let images: Vec<String> =
            (0..IMAGES).map(|number| estate.registry.image(&format!("acme/{}", name(number)))).collect();
        let objects: String = images
            .iter()
            .enumerate()
            .map(|(number, image)| folder::image(image, &name(number), "24h"))
            .collect();
        estate.object("images.yaml", &objects)?;
        estate.object("fleet.yaml", &folder::automation(&estate.git.url("fleet.git")))?;
        let (store, _) = Store::open(&estate.state("run").join("lists"))?;
        std::thread::scope(|scope| {
            let writers: Vec<_> = images
                .chunks(IMAGES.div_ceil(THREADS))
                .map(|part| scope.spawn(|| part.iter().try_for_each(|image| list(&store, image))))
                .collect();
            writers.into_iter().try_for_each(|writer| {
                writer.join().unwrap_or_else(|_| Err(anyhow!("a writer of lists panicked")))
            })
        })?;
        Ok(Self { estate })
    }
}

/// 1.0.0 is the highest: the repository stands at it, and nothing is to be written.
fn list(store: &Store, image: &str) -> Result<()> {
    let image: ImageName = image.parse()?;
    let tag =
        |number: usize| if number == 0 { "1.0.0".to_owned() } else { format!("0.{}.{number}", number / 20) };
    let tags: Vec<String> = (0..TAGS).map(tag).collect();
    store.save(&ListingKey::new(&image, ""), &tags, Timestamp::now())?;
    Ok(())
}

impl Job for Lists {
    fn facts(&self) -> Value {
        json!({"objects": self.estate.objects(), "state": self.estate.state("run")})
    }

    fn step(&mut self, word: &str) -> Result<Step> {
        bail!("lists cannot {word}")
    }
}
