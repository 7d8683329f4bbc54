// Precompiled for tests. Only to save time: a file still includes what it uses.
#pragma once

#include "pch_asio.hpp"

#include <catch2/catch.hpp>
