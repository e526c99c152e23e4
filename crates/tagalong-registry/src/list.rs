//! A whole listing of tags, page by page. Used by `registry`.
//!
//! A listing is whole or an error (DESIGN promise 4, RULES 4): a `Link` that leaves the host, comes back to a
//! page that was there before, or brings nothing new breaks it, and so does a cap.

use crate::{Error, ErrorKind, link, page, page::Entry, session::Session, transport::Answer};
use indexmap::IndexSet;
use std::{borrow::Cow, collections::HashSet};
use tagalong_model::Tag;
use url::Url;

/// Empty pages in a row that still name a next one; filters at the registry make some.
const MAX_EMPTY_PAGES: u32 = 10;
/// Page sizes that known registries insist on: ECR, Quay.
const SMALLER_PAGES: [u32; 2] = [1000, 100];
const NO_LIST: &str = "the answer is no list of tags";
const ACCEPT: &str = "application/json";

/// A whole listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagList {
    /// The tags, each once, in the registry's order, all well-formed.
    pub tags: Vec<String>,
    /// Entries that are no string or break the tag grammar.
    pub dropped: usize,
    /// Pages that were read.
    pub pages: u32,
    /// Requests that the registry saw for it, retries and challenges included, without its token service.
    pub requests: u32,
}

/// A listing under way.
struct Listing<'a> {
    session: &'a Session<'a>,
    tags: IndexSet<String>,
    dropped: usize,
    pages: u32,
    bytes: usize,
    visited: HashSet<String>,
    empty_pages: u32,
    saw_link: bool,
}

/// What one page brought.
struct Found<'a> {
    entries: usize,
    new: usize,
    last: Option<Cow<'a, str>>,
}

/// Lists all tags.
///
/// # Errors
/// Whatever ends it early; there is no part of a listing.
pub(crate) async fn list(session: &Session<'_>) -> Result<TagList, Error> {
    let mut listing = Listing {
        session,
        tags: IndexSet::new(),
        dropped: 0,
        pages: 0,
        bytes: 0,
        visited: HashSet::new(),
        empty_pages: 0,
        saw_link: false,
    };
    let (mut url, mut answer, size) = listing.first().await?;
    let mut by_last = false;
    loop {
        let (next, next_by_last) = listing.take(&url, &answer, size, by_last)?;
        let Some(next) = next else { break };
        (url, by_last) = (next, next_by_last);
        answer = session.get(&url, ACCEPT, session.options().max_bytes_per_page).await?;
    }
    let (dropped, pages) = (listing.dropped, listing.pages);
    Ok(TagList { tags: listing.tags.into_iter().collect(), dropped, pages, requests: session.requests() })
}

/// The smallest question that a listing's credentials must answer.
pub(crate) async fn check(session: &Session<'_>) -> Result<(), Error> {
    let url = session.url("tags/list?n=1")?;
    let answer = session.get(&url, ACCEPT, session.options().max_bytes_per_page).await?;
    match page::parse(&answer.body) {
        Some(_) => Ok(()),
        None => Err(session.error(ErrorKind::BadResponse, NO_LIST)),
    }
}

impl Listing<'_> {
    /// The first page; a registry that refuses its size is asked for smaller ones, now and from now on.
    async fn first(&mut self) -> Result<(Url, Answer, u32), Error> {
        let host = self.session.host();
        let mut size = host.page_size();
        loop {
            let url = self.session.url(&format!("tags/list?n={size}"))?;
            let answer =
                self.session.ask_get(&url, ACCEPT, self.session.options().max_bytes_per_page).await?;
            let refused = matches!(answer.status.as_u16(), 400 | 413 | 422);
            match SMALLER_PAGES.into_iter().find(|smaller| *smaller < size) {
                Some(smaller) if refused => size = smaller,
                _ => {
                    let answer = self.session.success(answer)?;
                    host.set_page_size(size);
                    return Ok((url, answer, size));
                }
            }
        }
    }

    /// Takes a page in and says where the next one is, and whether that is our own `last=` question.
    fn take(
        &mut self,
        url: &Url,
        answer: &Answer,
        size: u32,
        by_last: bool,
    ) -> Result<(Option<Url>, bool), Error> {
        let options = self.session.options();
        self.pages += 1;
        self.bytes += answer.body.len();
        if self.pages > options.max_pages {
            return Err(self
                .session
                .error(ErrorKind::TooLarge, format!("more than {} pages", options.max_pages)));
        }
        if self.bytes > options.max_total_bytes {
            let problem = format!("its tags are larger than {} MiB", options.max_total_bytes >> 20);
            return Err(self.session.error(ErrorKind::TooLarge, problem));
        }
        self.visited.insert(url.as_str().to_owned());
        let found = self.add(&answer.body)?;
        if let Some(target) = link::next(&answer.headers) {
            self.saw_link = true;
            return self.follow(url, target, &found).map(|next| (Some(next), false));
        }
        let full = found.entries == size as usize && !self.saw_link;
        let Some(last) = found.last.filter(|_| full && !(by_last && found.new == 0)) else {
            return Ok((None, false));
        };
        // Some registries page by `last` alone and send no Link; others ignore both and repeat themselves.
        let mut next = self.session.url(&format!("tags/list?n={size}"))?;
        next.query_pairs_mut().append_pair("last", &last);
        let fresh = !self.visited.contains(next.as_str());
        Ok((Some(next).filter(|_| fresh), true))
    }

    /// Adds the tags of a page.
    fn add<'b>(&mut self, body: &'b [u8]) -> Result<Found<'b>, Error> {
        let Some(page) = page::parse(body) else {
            return Err(self.session.error(ErrorKind::BadResponse, NO_LIST));
        };
        let before = self.tags.len();
        let entries = page.tags.len();
        let mut last = None;
        self.tags.reserve(entries);
        for entry in page.tags {
            let Entry::Text(text) = entry else {
                self.dropped += 1;
                continue;
            };
            if !Tag::is_valid(&text) {
                self.dropped += 1;
            } else if !self.tags.contains(text.as_ref()) {
                self.tags.insert(text.to_string());
            }
            last = Some(text);
        }
        Ok(Found { entries, new: self.tags.len() - before, last })
    }

    /// The page that a `Link` names, on our own host.
    fn follow(&mut self, url: &Url, target: &str, found: &Found<'_>) -> Result<Url, Error> {
        let broken = |problem: &str| Err(self.session.error(ErrorKind::Incomplete, problem));
        let Some(next) = url.join(target).ok().filter(|next| matches!(next.scheme(), "https" | "http"))
        else {
            return broken("a page's Link is no web address");
        };
        // Registries behind a proxy write their inner scheme, or forget the port; another host is another host.
        let same_port = next.port().is_none() || next.port() == url.port();
        if next.host() != url.host() || !same_port {
            return broken("a page's Link leads to another host");
        }
        let mut ours = url.clone();
        ours.set_path(next.path());
        ours.set_query(next.query());
        if self.visited.contains(ours.as_str()) {
            return broken("its pages go in a circle");
        }
        if found.entries > 0 && found.new == 0 {
            return broken("a page brings nothing new and yet names another");
        }
        self.empty_pages = if found.entries == 0 { self.empty_pages + 1 } else { 0 };
        if self.empty_pages > MAX_EMPTY_PAGES {
            return broken("page after page is empty");
        }
        Ok(ours)
    }
}
