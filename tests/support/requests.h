// Requests for tests of serving.
#ifndef LOCALMAMBA_TESTS_SUPPORT_REQUESTS_H_
#define LOCALMAMBA_TESTS_SUPPORT_REQUESTS_H_

#include <fstream>
#include <iterator>
#include <string>

#include "localmamba/v1/vision.pb.h"
#include "tests/support/source_dir.h"

namespace localmamba::server {

// A 16 x 16 picture whose every pixel is (red, green, blue).
inline v1::Image UniformImage(uint8_t red, uint8_t green = 0, uint8_t blue = 0) {
  v1::Image image;
  image.mutable_raw()->set_height(16);
  image.mutable_raw()->set_width(16);
  std::string& rgb = *image.mutable_raw()->mutable_rgb();
  for (int i = 0; i < 16 * 16; ++i) {
    rgb.push_back(static_cast<char>(red));
    rgb.push_back(static_cast<char>(green));
    rgb.push_back(static_cast<char>(blue));
  }
  return image;
}

inline v1::ClassifyRequest ClassifyRequestOf(uint8_t red) {
  v1::ClassifyRequest request;
  *request.mutable_image() = UniformImage(red);
  return request;
}

inline std::string SampleJpeg() {
  std::ifstream file(SourceDir() + "/deploy/samples/cat.jpg", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace localmamba::server

#endif  // LOCALMAMBA_TESTS_SUPPORT_REQUESTS_H_
