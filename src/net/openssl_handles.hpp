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
    void operator()(BIO* it) const noexcept { BIO_free_all(it); }
};
template <>
struct handle_free<X509> {
    void operator()(X509* it) const noexcept { X509_free(it); }
};
template <>
struct handle_free<EVP_PKEY> {
    void operator()(EVP_PKEY* it) const noexcept { EVP_PKEY_free(it); }
};
template <>
struct handle_free<X509_EXTENSION> {
    void operator()(X509_EXTENSION* it) const noexcept { X509_EXTENSION_free(it); }
};
template <>
struct handle_free<ASN1_TIME> {
    void operator()(ASN1_TIME* it) const noexcept { ASN1_TIME_free(it); }
};

template <>
struct handle_free<X509_STORE> {
    void operator()(X509_STORE* it) const noexcept { X509_STORE_free(it); }
};

template <class T>
using handle = std::unique_ptr<T, handle_free<T>>;

}  // namespace waypost::net
