// The certificate of a server that was given none: enough for clients that encrypt without asking with whom.
#include <fcntl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stdexcept>

#include "openssl_handles.hpp"
#include "waypost/net/tls_context.hpp"
#include "waypost/process/descriptor.hpp"
#include "waypost/process/io.hpp"

namespace waypost::net {

namespace {

constexpr long ten_years = 10L * 365 * 24 * 3600;
constexpr long one_day = 24L * 3600;

void add_alternative_name(X509* certificate, const std::string& host_name) {
    const std::string value = "DNS:" + host_name;
    const handle<X509_EXTENSION> names(X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, value.c_str()));
    if (names) X509_add_ext(certificate, names.get(), -1);
}

handle<X509> make_certificate(EVP_PKEY* key, const std::string& host_name) {
    handle<X509> made(X509_new());
    X509_set_version(made.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
    // A day in the past, for clients whose clock is behind.
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -one_day);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), ten_years);
    X509_set_pubkey(made.get(), key);
    X509_NAME* subject = X509_get_subject_name(made.get());
    // A common name has at most 64 octets; the alternative name has the whole.
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(host_name.substr(0, 64).c_str()), -1, -1, 0);
    X509_set_issuer_name(made.get(), subject);
    add_alternative_name(made.get(), host_name);
    if (X509_sign(made.get(), key, EVP_sha256()) == 0) throw std::runtime_error("cannot sign a certificate");
    return made;
}

std::string pem_text(BIO* memory) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(memory, &data);
    return {data, static_cast<std::size_t>(size)};
}

void write_file(const std::string& path, const std::string& text, mode_t mode) {
    const std::string temporary = path + ".new";
    ::unlink(temporary.c_str());
    const auto fail = [&path](const base::error_code& error) {
        throw std::runtime_error(path + " cannot be written: " + error.message());
    };
    const auto file = process::open_file(temporary, O_WRONLY | O_CREAT | O_EXCL, mode);
    if (file.has_error()) fail(file.error());
    if (const auto written = process::write_all(file->get(), text); written.has_error()) fail(written.error());
    if (::rename(temporary.c_str(), path.c_str()) != 0) fail(process::last_error());
}

}  // namespace

bool ensure_self_signed(const key_pair& files, const std::string& host_name) {
    if (::access(files.certificate_file.c_str(), F_OK) == 0 && ::access(files.key_file.c_str(), F_OK) == 0)
        return false;
    const handle<EVP_PKEY> key(EVP_EC_gen("P-256"));
    if (!key) throw std::runtime_error("cannot make a key");
    const handle<X509> certificate = make_certificate(key.get(), host_name);

    const handle<BIO> key_text(BIO_new(BIO_s_mem()));
    PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    const handle<BIO> certificate_text(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(certificate_text.get(), certificate.get());
    write_file(files.key_file, pem_text(key_text.get()), 0600);
    write_file(files.certificate_file, pem_text(certificate_text.get()), 0644);
    return true;
}

}  // namespace waypost::net
