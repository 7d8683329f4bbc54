#include "password.hpp"

#include <crypt.h>
#include <dlfcn.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <memory>

#include "support/fake_table.hpp"
#include "support/run_until.hpp"

using namespace waypost;
using namespace std::string_literals;
using inbound::password_matches;
using inbound::password_verdict;
using test::finish;

namespace {

std::atomic<int> hashes_computed = 0;

}  // namespace

// In front of the library's: counts the hashes that were really computed. A setting that crypt(3) refuses costs no
// time, so it would tell an attacker what it stands for.
extern "C" char* crypt_r(const char* phrase, const char* setting, struct crypt_data* data) noexcept {
    using function = char* (*)(const char*, const char*, struct crypt_data*);
    static const auto real = reinterpret_cast<function>(::dlsym(RTLD_NEXT, "crypt_r"));
    char* made = real(phrase, setting, data);
    if (made != nullptr && *made != '*') ++hashes_computed;
    return made;
}

namespace {

/// As cheap as the method allows.
std::string hash_of(const std::string& password, const char* method, unsigned long cost) {
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    REQUIRE(crypt_gensalt_rn(method, cost, nullptr, 0, setting, sizeof setting) != nullptr);
    const auto scratch = std::make_unique<crypt_data>();
    const char* made = crypt_r(password.c_str(), setting, scratch.get());
    REQUIRE(made != nullptr);
    REQUIRE(*made != '*');
    return made;
}

struct method {
    const char* prefix;
    unsigned long cost;
};

password_verdict check(test::fake_table& passwords, const std::string& user, const std::string& password) {
    boost::asio::io_context loop;
    async::thread_pool io(1);
    auto stored = finish(loop, inbound::find_password(passwords, user));
    if (stored.has_error()) return password_verdict::could_not_ask;
    return finish(loop, inbound::verify_password(std::move(*stored), base::secret(password), io));
}

}  // namespace

TEST_CASE("a password matches its hash and no other does", "[inbound][password]") {
    const auto [prefix, cost] = GENERATE(method{"$y$", 1}, method{"$6$", 1000}, method{"$2b$", 4}, method{"$5$", 1000});
    CAPTURE(prefix);
    const std::string hash = hash_of("correct horse", prefix, cost);
    CHECK(password_matches("correct horse", hash));
    CHECK_FALSE(password_matches("correct hors", hash));
    CHECK_FALSE(password_matches("correct horse ", hash));
    CHECK_FALSE(password_matches("Correct horse", hash));
    CHECK_FALSE(password_matches("", hash));
}

TEST_CASE("two hashes of one password differ and both match", "[inbound][password]") {
    const std::string one = hash_of("secret", "$6$", 1000);
    const std::string two = hash_of("secret", "$6$", 1000);
    CHECK(one != two);
    CHECK(password_matches("secret", one));
    CHECK(password_matches("secret", two));
}

TEST_CASE("a password with bytes that are not ASCII matches its hash", "[inbound][password]") {
    const std::string hash = hash_of("p\xc3\xa4ss \xff", "$y$", 1);
    CHECK(password_matches("p\xc3\xa4ss \xff", hash));
    CHECK_FALSE(password_matches("p\xc3\xa4ss", hash));
}

TEST_CASE("a password in plain text is marked as such", "[inbound][password]") {
    CHECK(password_matches("secret", "{PLAIN}secret"));
    CHECK_FALSE(password_matches("Secret", "{PLAIN}secret"));
    CHECK_FALSE(password_matches("secret1", "{PLAIN}secret"));
    CHECK_FALSE(password_matches("", "{PLAIN}secret"));
    CHECK_FALSE(password_matches("secret", "secret"));
    CHECK_FALSE(password_matches("secret", "{plain}secret"));
}

TEST_CASE("what is no hash matches nothing, least of all itself", "[inbound][password]") {
    for (const std::string& hash :
         {"x"s, "*"s, "*0"s, "*1"s, "!"s, "!!"s, ""s, "$"s, "$6$"s, "$y$"s, "$99$salt$hash"s, "plain"s}) {
        CAPTURE(hash);
        CHECK_FALSE(password_matches(hash, hash));
        CHECK_FALSE(password_matches("", hash));
    }
}

TEST_CASE("a hash that was cut short or made longer does not match", "[inbound][password]") {
    const std::string hash = hash_of("secret", "$6$", 1000);
    CHECK_FALSE(password_matches("secret", hash.substr(0, hash.size() - 1)));
    CHECK_FALSE(password_matches("secret", hash + "x"));
}

TEST_CASE("what stands behind a NUL counts", "[inbound][password]") {
    const std::string hash = hash_of("secret", "$6$", 1000);
    CHECK_FALSE(password_matches("secret\0more"s, hash));
    CHECK_FALSE(password_matches("secret\0"s, hash));
    CHECK_FALSE(password_matches("secret\0more"s, "{PLAIN}secret"));
    CHECK_FALSE(password_matches("\0secret"s, hash_of("", "$6$", 1000)));
}

TEST_CASE("a user's password is right or wrong", "[inbound][password]") {
    test::fake_table passwords({{"ada", "ada:" + hash_of("secret", "$y$", 1)}, {"eve", "eve:{PLAIN}plain: text"}});
    CHECK(check(passwords, "ada", "secret") == password_verdict::right);
    CHECK(check(passwords, "ADA", "secret") == password_verdict::right);
    CHECK(check(passwords, "ada", "wrong") == password_verdict::wrong);
    CHECK(check(passwords, "eve", "plain: text") == password_verdict::right);
    CHECK(check(passwords, "eve", "secret") == password_verdict::wrong);
    CHECK(check(passwords, "bob", "secret") == password_verdict::wrong);
    CHECK(check(passwords, "", "secret") == password_verdict::wrong);
}

TEST_CASE("a row may hold the hash alone", "[inbound][password]") {
    // A password file of a system whose rows are key and hash.
    test::fake_table passwords({{"ada", hash_of("secret", "$6$", 1000)}});
    CHECK(check(passwords, "ada", "secret") == password_verdict::right);
    CHECK(check(passwords, "ada", "wrong") == password_verdict::wrong);
}

TEST_CASE("a row that names another user lets nobody in", "[inbound][password]") {
    // A table of relay credentials has labels as its keys: `label => user:password`.
    test::fake_table passwords({{"label", "ada:{PLAIN}secret"}});
    CHECK(check(passwords, "label", "secret") == password_verdict::wrong);
    CHECK(check(passwords, "ada", "secret") == password_verdict::wrong);
}

TEST_CASE("an unknown user costs as much as a wrong password", "[inbound][password]") {
    test::fake_table passwords({{"ada", "ada:" + hash_of("secret", "$y$", 1)}, {"label", "other:{PLAIN}x"}});
    hashes_computed = 0;
    CHECK(check(passwords, "nobody", "secret") == password_verdict::wrong);
    CHECK(hashes_computed == 1);
    CHECK(check(passwords, "label", "secret") == password_verdict::wrong);
    CHECK(hashes_computed == 2);
    CHECK(check(passwords, "ada", "wrong") == password_verdict::wrong);
    CHECK(hashes_computed == 3);
}

TEST_CASE("no password opens the account that does not exist", "[inbound][password]") {
    test::fake_table passwords;
    for (const char* password : {"", "x", "secret", "*0", "nobody"}) {
        CHECK(check(passwords, "nobody", password) == password_verdict::wrong);
    }
}

TEST_CASE("a table that cannot be asked is no wrong password", "[inbound][password]") {
    test::fake_table passwords({{"ada", "ada:{PLAIN}secret"}});
    passwords.unavailable = true;
    CHECK(check(passwords, "ada", "secret") == password_verdict::could_not_ask);
    SECTION("and neither is a row that makes no sense") {
        passwords.unavailable = false;
        passwords.rows["ada"] = "ada:";
        CHECK(check(passwords, "ada", "secret") == password_verdict::could_not_ask);
    }
}
