//! The policy's data categories: a closed enum and its bit set.

/// A data category of the reference policy (clause 2 and 4.2 of JDT-YSXY-2021), usable by any policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Category {
    /// Name, address, phone, e-mail.
    Basic = 0,
    /// Identity documents.
    IdentityDoc,
    /// Accounts, passwords, IP addresses, tokens.
    NetId,
    /// Account names as such (triggers linkage apart from addresses).
    Account,
    /// Bank cards, orders, vouchers.
    Property,
    /// URLs, search words, referrers.
    Browse,
    /// Device identifiers and models.
    Device,
    /// Positions.
    Location,
    /// Credentials and secrets.
    Secret,
    /// Communication content.
    Comm,
    /// Anything else.
    Other,
}

impl Category {
    /// Every category, in order of its number.
    pub const ALL: [Category; 11] = [
        Category::Basic,
        Category::IdentityDoc,
        Category::NetId,
        Category::Account,
        Category::Property,
        Category::Browse,
        Category::Device,
        Category::Location,
        Category::Secret,
        Category::Comm,
        Category::Other,
    ];

    /// The name used in rules, tags and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Category::Basic => "basic",
            Category::IdentityDoc => "identity_doc",
            Category::NetId => "net_id",
            Category::Account => "account",
            Category::Property => "property",
            Category::Browse => "browse",
            Category::Device => "device",
            Category::Location => "location",
            Category::Secret => "secret",
            Category::Comm => "comm",
            Category::Other => "other",
        }
    }

    /// The category of that name.
    pub fn parse(name: &str) -> Option<Category> {
        Category::ALL.into_iter().find(|c| c.name() == name)
    }
}

/// A set of categories in one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CategorySet(pub u16);

impl CategorySet {
    /// Adds a category.
    pub fn insert(&mut self, c: Category) {
        self.0 |= 1 << c as u16;
    }
    /// True when the category is in the set.
    pub fn contains(self, c: Category) -> bool {
        self.0 & (1 << c as u16) != 0
    }
    /// True when the two sets share a category.
    pub fn intersects(self, other: CategorySet) -> bool {
        self.0 & other.0 != 0
    }
}

impl FromIterator<Category> for CategorySet {
    fn from_iter<I: IntoIterator<Item = Category>>(it: I) -> Self {
        let mut s = CategorySet::default();
        it.into_iter().for_each(|c| s.insert(c));
        s
    }
}
