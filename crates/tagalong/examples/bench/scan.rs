//! A scan of 10,000 tags over ten pages: the whole turn of the ImageRepository, store and status included.

use crate::estate::Estate;
use crate::folder;
use crate::product::Product;
use crate::step::{Job, Step};
use anyhow::{Result, bail, ensure};
use serde_json::{Value, json};
use std::time::Instant;
use tagalong_testkit::fake_registry::Listing;

const TAGS: usize = 10_000;
const PAGE: usize = 1000;

pub(crate) struct Scan {
    product: Product,
    estate: Estate,
    /// How many tags are listed now.
    listed: usize,
}

impl Scan {
    pub(crate) fn open() -> Result<Self> {
        let estate = Estate::new()?;
        estate.registry.listing(Listing::Generated(TAGS));
        estate.object("app.yaml", &folder::image(&estate.registry.image("acme/app"), "app", "1s"))?;
        let product = Product::open(&estate, &estate.state("scan"), false)?;
        product.select("app")?;
        Ok(Self { product, estate, listed: TAGS })
    }
}

impl Job for Scan {
    fn facts(&self) -> Value {
        let list = format!("{}/v2/acme/app/tags/list", self.estate.registry.url());
        let page = |number: usize| match number {
            0 => format!("{list}?n={PAGE}"),
            _ => format!("{list}?last=x.{}&n={PAGE}", number * PAGE),
        };
        let urls: Vec<String> = (0..TAGS / PAGE).map(page).collect();
        json!({"urls": urls})
    }

    fn step(&mut self, word: &str) -> Result<Step> {
        match word {
            "same" => {}
            // One tag comes or goes on the last page, so there are always ten.
            "changed" => self.listed = if self.listed == TAGS { TAGS - 1 } else { TAGS },
            _ => bail!("scan cannot {word}"),
        }
        self.estate.registry.listing(Listing::Generated(self.listed));
        self.estate.registry.take_requests();
        let start = Instant::now();
        self.product.scan("app")?;
        let time = start.elapsed();
        let requests = self.estate.registry.take_requests().len() as u64;
        ensure!(requests == (TAGS / PAGE) as u64, "{requests} requests for ten pages");
        Ok(Step { time, work: vec![("requests", requests)] })
    }
}
