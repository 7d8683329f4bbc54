// OpenSSL's objects, freed by their own functions.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

namespace waypost::net {

template <class T>
struct handle_free;
template <>
struct handle_free<BIO> {
    void operator()(BIO* handle) const noexcept { BIO_free_all(handle); }
};
template <>
struct handle_free<X509> {
    void operator()(X509* handle) const noexcept { X509_free(handle); }
};
template <>
struct handle_free<EVP_PKEY> {
    void operator()(EVP_PKEY* handle) const noexcept { EVP_PKEY_free(handle); }
};
template <>
struct handle_free<X509_EXTENSION> {
    void operator()(X509_EXTENSION* handle) const noexcept { X509_EXTENSION_free(handle); }
};
template <>
struct handle_free<ASN1_TIME> {
    void operator()(ASN1_TIME* handle) const noexcept { ASN1_TIME_free(handle); }
};

template <>
struct handle_free<X509_STORE> {
    void operator()(X509_STORE* handle) const noexcept { X509_STORE_free(handle); }
};

template <class T>
using handle = std::unique_ptr<T, handle_free<T>>;

}  // namespace waypost::net
