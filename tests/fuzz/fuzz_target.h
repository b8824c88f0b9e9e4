// What a fuzz target defines. libFuzzer calls it with inputs it searches for, replay_main.cc with
// the seeds and simple mutations of them.
#ifndef LOCALMAMBA_TESTS_FUZZ_FUZZ_TARGET_H_
#define LOCALMAMBA_TESTS_FUZZ_FUZZ_TARGET_H_

#include <cstddef>
#include <cstdint>
#include <vector>

// Must survive any bytes; aborts on a wrong answer. Always returns 0.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace localmamba {

// Small valid inputs to begin the search with.
std::vector<std::vector<uint8_t>> FuzzSeeds();

}  // namespace localmamba

#endif  // LOCALMAMBA_TESTS_FUZZ_FUZZ_TARGET_H_
