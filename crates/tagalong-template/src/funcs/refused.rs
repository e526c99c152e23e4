//! Functions that sprig has and a commit message here does not get, each with its reason.

const KEYS: &str =
    "it makes or uses keys, certificates or passwords, which have no place in a commit message";
const RANDOM: &str = "its result is random, and the same change must always give the same message";
const CLOCK: &str =
    "it depends on the clock or the time zone, and the same change must always give the same message";
const OUTSIDE: &str =
    "it reads the environment or the network, which a template must not; Flux leaves it out too";
const CALL: &str = "there are no functions in the data of a commit message";

/// Why the function is left out; `None` if nobody has it.
pub(super) fn reason(name: &str) -> Option<&'static str> {
    Some(match name {
        "call" => CALL,
        "bcrypt"
        | "buildCustomCert"
        | "decryptAES"
        | "derivePassword"
        | "encryptAES"
        | "genCA"
        | "genCAWithKey"
        | "genPrivateKey"
        | "genSelfSignedCert"
        | "genSelfSignedCertWithKey"
        | "genSignedCert"
        | "genSignedCertWithKey"
        | "htpasswd" => KEYS,
        "randAlpha" | "randAlphaNum" | "randAscii" | "randBytes" | "randInt" | "randNumeric" | "shuffle"
        | "uuidv4" => RANDOM,
        "ago" | "date" | "dateInZone" | "dateModify" | "date_in_zone" | "date_modify" | "htmlDate"
        | "htmlDateInZone" | "mustDateModify" | "mustToDate" | "must_date_modify" | "now" | "toDate"
        | "unixEpoch" => CLOCK,
        "env" | "expandenv" | "getHostByName" => OUTSIDE,
        _ => return None,
    })
}
