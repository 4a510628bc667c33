//! Entity types: what kind of identifier a value is.

/// Interned entity type. Ids below [`WELL_KNOWN`]`.len()` belong to the built-in recognisers; user entities follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntityId(pub u8);

macro_rules! entities {
    ($($name:ident = $text:literal),* $(,)?) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        #[repr(u8)]
        enum Nr { $($name),* }
        /// Ids of the entities that built-in recognisers report.
        pub mod well_known {
            use super::{EntityId, Nr};
            $(#[doc = concat!("`", $text, "`")] pub const $name: EntityId = EntityId(Nr::$name as u8);)*
        }
        /// Names of the built-in entities, in order of their ids.
        pub const WELL_KNOWN: &[&str] = &[$($text),*];
    };
}

entities! {
    IP_V4 = "ip.v4",
    IP_V6 = "ip.v6",
    IP_PRIVATE = "ip.private",
    IP_DOCUMENTATION = "ip.documentation",
    IP_SPECIAL = "ip.special",
    PHONE_MOBILE_CN = "phone.mobile.cn",
    PHONE_FIXED_CN = "phone.fixed.cn",
    PHONE_INTL = "phone.intl",
    ID_RESIDENT = "id.resident.cn",
    ID_RESIDENT15 = "id.resident15.cn",
    ID_HMT_PERMIT = "id.hmt_permit.cn",
    ID_FPR = "id.fpr.cn",
    IMEI = "device.imei",
    MEID = "device.meid",
    IMSI = "sim.imsi",
    ICCID = "sim.iccid",
    MAC = "device.mac",
    ANDROID_ID = "device.android_id",
    UUID_ID = "device.uuid",
    OPENUDID = "device.openudid",
    DEVICE_HASH = "device.hash",
    DEVICE_ID = "device.id",
    EMAIL = "email",
    CARD = "bank.card",
    JWT = "secret.jwt",
    CREDENTIAL = "secret.authorization",
    PASSWORD = "secret.password",
    TOKEN = "secret.token",
    SESSION = "secret.session",
    CODE = "secret.code",
    ACCOUNT = "account",
    PERSON_NAME = "person.name",
    ADDRESS = "address",
    PASSPORT = "passport",
    GEO = "geo",
    SERIAL = "device.serial",
    TRAVEL_PERMIT = "id.travel_permit.cn",
    MILITARY_ID = "id.military.cn",
    ID_HONG_KONG = "id.hk",
    ID_MACAO = "id.mo",
    ID_TAIWAN = "id.tw",
    MRZ = "id.mrz",
    CREDIT_CODE = "org.credit_code",
    LICENCE = "org.licence",
    COMPANY = "org.name",
    BANK_ACCOUNT = "bank.account",
    PLATE = "vehicle.plate",
    VIN = "vehicle.vin",
    BIRTH = "person.birth",
    FACE = "bio.face",
    USER_ID = "account.id",
    SEARCH = "browse.search",
    COOKIE = "secret.cookie",
    WIFI_NAME = "net.wifi",
    DEVICE_NAME = "device.name",
    IBAN = "bank.iban",
    URL = "browse.url",
    PATH = "browse.path",
    NATIONAL_ID = "id.national",
}

/// The grammar that a keyed value must fit before the key is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Shape {
    /// IP address in any text form, with port, prefix length or zone.
    Ip,
    /// Mobile, landline or international number with separators.
    Phone,
    /// Resident identity number (18, 15), permits.
    CnId,
    /// IMEI, IMEISV, or any device id (IMEI keys often hold other ids).
    DeviceId,
    /// IMSI.
    Imsi,
    /// ICCID.
    Iccid,
    /// Hardware address, separators optional.
    Mac,
    /// Hardware id that the key shares with request ids: 14-16 hex only, never a UUID.
    WeakDeviceId,
    /// E-mail address.
    Email,
    /// Bank card or account number.
    Card,
    /// Serial number: 6 to 32 letters and digits.
    Serial,
    /// Passport number.
    Passport,
    /// Coordinates.
    Geo,
    /// Verification code: 4-8 digits or letters.
    Code,
    /// What a card is checked by: three or four digits.
    ShortCode,
    /// Any non-empty value: passwords, tokens.
    Secret,
    /// Any non-empty value but a path: shells name their directory as they name a password.
    SecretNoPath,
    /// Any value but a count or a result: tests and gates have a key of this name as well.
    LooseSecret,
    /// A key in base64 that says so (`base64:...`), or a long token with digits and letters in it: the key may name an application.
    LongSecret,
    /// The signature of a URL that lets whoever has it in; digests of requests are none.
    Signature,
    /// What lets somebody log in once, in a query: the code of OAuth, or one that was sent to the telephone beside it.
    LoginCode,
    /// Base64 of a name, a colon and a password.
    Basic,
    /// A header value with a scheme in front (`Bearer ...`).
    Credential,
    /// Any non-empty text.
    Text,
    /// What a word of running text calls a secret: it holds letters or digits.
    SecretWord,
    /// Number or token of a user: five digits and more, or letters with a digit.
    UserId,
    /// Account name that is no machine's.
    AccountName,
    /// The same with a letter in it: counts and numbers have such keys, too.
    NamedAccount,
    /// A Chinese name, a common given name with another one, or both in pinyin: operators of other kinds have such keys.
    Operator,
    /// Hexadecimal digits of a digest.
    Digest,
    /// What analytics call a browser: two numbers with a dot between.
    Visitor,
    /// A login name in ASCII, or a Chinese name: counts, roles and kinds of users stand under such keys, too.
    Login,
    /// A person's name by its form: the key may name other things.
    Name,
    /// A person's name by its form, western names too.
    FullName,
    /// A thing named after its owner: `Alice's phone`, `小明的手机`.
    Owned,
    /// Travel permit, passport or military paper.
    Permit,
    /// Identity card of Hong Kong, Macao or Taiwan.
    RegionalId,
    /// Credit code, licence, organisation or tax number.
    Organisation,
    /// Account at a bank.
    BankAccount,
    /// International bank account number.
    Iban,
    /// Social security number of the United States.
    Ssn,
    /// Number that a state gives to a person, by its form.
    NationalId,
    /// The same, by its check digits: the key may name other things.
    NationalIdChecked,
    /// The same by its print or by weak check digits, or the number of a paper: the key names other things, too.
    StateNumber,
    /// The same but for those of taxpayers in ten digits.
    PaperNumber,
    /// Number of a passport, whose series may stand apart.
    PassportNumber,
    /// Number of an account at a bank: eight to seventeen digits, or what is printed on a card.
    AccountNumber,
    /// A password by its signs: the key has other meanings.
    MixedSecret,
    /// Given names, or a capitalised word: files have such keys, too.
    GivenName,
    /// Licence plate.
    Plate,
    /// Vehicle identification number.
    Vin,
    /// Day of birth.
    Birth,
    /// Serial number under a key that orders use too.
    WeakSerial,
    /// Geohash.
    Geohash,
    /// Codes of province, city, county and town, joined by `_`.
    Place,
    /// Text of a place: it holds signs beyond ASCII.
    PlaceText,
    /// Text with a letter or digit in it.
    Prose,
    /// Search word under a key that is one in a query string only.
    Search,
    /// Resource name of a cloud, of which a user is the end (`arn:aws:iam::1:user/alice`).
    Arn,
    /// A command as it was typed: accounts and secrets stand in it.
    CommandLine,
    /// Terminal of a session, in front of which its account stands (`alice : TTY=pts/0`).
    Terminal,
    /// A cookie header: each of its values on its own.
    Jar,
    /// A URL or request target: parts of it, where a policy asks.
    Url,
    /// A query string: its values, where a policy asks.
    Query,
}

impl Shape {
    /// True when values are secrets that nothing but their key tells.
    pub fn is_secret(self) -> bool {
        matches!(self, Shape::Secret | Shape::SecretNoPath | Shape::LooseSecret | Shape::SecretWord | Shape::Credential)
    }

    /// True when values may be any text of any length.
    pub fn is_boundless(self) -> bool {
        matches!(
            self,
            Shape::Text
                | Shape::Secret
                | Shape::SecretNoPath
                | Shape::LooseSecret
                | Shape::Credential
                | Shape::Prose
                | Shape::PlaceText
                | Shape::Search
                | Shape::SecretWord
        )
    }
}
