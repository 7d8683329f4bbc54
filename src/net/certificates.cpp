#include "waypost/net/certificates.hpp"

#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <stdexcept>

#include "openssl_handles.hpp"

namespace waypost::net {

namespace {

handle<X509> read_leaf(const std::string& file_name) {
    const handle<BIO> file(BIO_new_file(file_name.c_str(), "r"));
    if (!file) throw std::runtime_error(file_name + " cannot be read");
    handle<X509> leaf(PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr));
    if (!leaf) throw std::runtime_error(file_name + " holds no certificate");
    return leaf;
}

std::string text_of(const ASN1_TIME* moment) {
    const handle<BIO> memory(BIO_new(BIO_s_mem()));
    ASN1_TIME_print(memory.get(), moment);
    char* data = nullptr;
    const long size = BIO_get_mem_data(memory.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

}  // namespace

std::vector<std::string> weaknesses(const key_pair& pair, std::chrono::system_clock::time_point now) {
    std::vector<std::string> all;
    const handle<X509> leaf = read_leaf(pair.certificate_file);
    const std::time_t moment = std::chrono::system_clock::to_time_t(now);
    const ASN1_TIME* const begin = X509_get0_notBefore(leaf.get());
    const ASN1_TIME* const end = X509_get0_notAfter(leaf.get());
    if (ASN1_TIME_cmp_time_t(begin, moment) > 0)
        all.push_back("the certificate " + pair.certificate_file + " is not valid before " + text_of(begin));
    if (ASN1_TIME_cmp_time_t(end, moment) < 0)
        all.push_back("the certificate " + pair.certificate_file + " expired at " + text_of(end));
    struct stat file = {};
    if (::stat(pair.key_file.c_str(), &file) == 0 && (file.st_mode & S_IROTH) != 0)
        all.push_back("the key " + pair.key_file + " can be read by everybody: chmod o-r");
    return all;
}

bool is_certificate_for(const std::string& certificate_file, const std::string& host_name) {
    const handle<X509> leaf = read_leaf(certificate_file);
    return X509_check_host(leaf.get(), host_name.c_str(), host_name.size(), 0, nullptr) == 1;
}

}  // namespace waypost::net
