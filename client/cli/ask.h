// Asks a server about images, one after the other or as the frames of one stream.
#ifndef LOCALMAMBA_CLIENT_CLI_ASK_H_
#define LOCALMAMBA_CLIENT_CLI_ASK_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <ostream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/cli/commands.h"
#include "client/cli/exit_code.h"
#include "client/cli/read_file.h"
#include "client/cli/report.h"
#include "client/cpp/frame_stream.h"
#include "client/cpp/vision_client.h"

namespace localmamba::client {

// One method of the service, in both its forms.
template <class Request, class Response, class Answer>
struct ImageMethod {
  absl::StatusOr<Response> (VisionClient::*call)(const Request&, absl::Duration) const;
  std::unique_ptr<FrameStream<Request, Answer>> (VisionClient::*stream)(const v1::StreamOptions&,
                                                                        absl::Duration) const;
  const Response& (Answer::*response)() const;  // what the answer to a frame holds, if no error
};

// `make` turns the bytes of images[i] into a request; `take` is given i and the response, in the
// order of the images. Failures are reported, and it goes on with the next image. Returns the worst
// exit code.
template <class Request, class Response, class Answer>
class ImageAsker {
 public:
  using Make = std::function<Request(const std::string& path, std::string bytes)>;
  using Take = std::function<ExitCode(size_t image, const Response& response)>;

  ImageAsker(const VisionClient& client, ImageMethod<Request, Response, Answer> method,
             const ImageOptions& options, const CommonOptions& common, std::ostream& out,
             std::ostream& err)
      : client_(client),
        method_(method),
        options_(options),
        common_(common),
        out_(out),
        err_(err) {}

  ExitCode Ask(const Make& make, const Take& take) {
    ExitCode worst = ExitCode::kSuccess;
    if (options_.stream) return AskByStream(make, take);
    for (size_t i = 0; i < options_.images.size(); ++i) {
      std::optional<std::string> bytes = ReadFile(options_.images[i]);
      if (!bytes.has_value()) {
        worst = Worse(worst, ReportUnreadable(i));
        continue;
      }
      const absl::StatusOr<Response> response =
          (client_.*method_.call)(make(options_.images[i], *std::move(bytes)), common_.timeout);
      worst = Worse(worst, response.ok() ? take(i, *response) : Report(i, response.status()));
    }
    return worst;
  }

 private:
  // The images that were sent, by the number of their frame; used by two threads.
  class SentImages {
   public:
    void Add(size_t image) {
      const std::scoped_lock lock(mu_);
      images_.push_back(image);
    }
    // Of a frame that was sent.
    size_t operator[](size_t frame) {
      const std::scoped_lock lock(mu_);
      return images_[frame];
    }
    size_t size() {
      const std::scoped_lock lock(mu_);
      return images_.size();
    }

   private:
    std::mutex mu_;
    std::vector<size_t> images_;  // guarded by mu_
  };

  ExitCode AskByStream(const Make& make, const Take& take) {
    const auto images = options_.images.size();
    const auto stream =
        (client_.*method_.stream)({}, common_.timeout * static_cast<int64_t>(images));
    SentImages sent;
    std::vector<size_t> unreadable;
    std::thread sender([&] {
      bool open = true;  // once it is not, the rest has the fate of what was sent last
      for (size_t i = 0; i < images; ++i) {
        std::optional<std::string> bytes = ReadFile(options_.images[i]);
        if (!bytes.has_value()) {
          unreadable.push_back(i);
          continue;
        }
        sent.Add(i);
        open = open && stream->Send(make(options_.images[i], *std::move(bytes)));
      }
      stream->CloseSending();
    });
    ExitCode worst = ExitCode::kSuccess;
    size_t answered = 0;
    while (const std::optional<Answer> answer = stream->Receive()) {
      if (answered == sent.size()) break;  // an answer to nothing: Finish tells how that ends
      const size_t image = sent[answered++];
      worst = Worse(worst, answer->has_error() ? Report(image, ToStatus(answer->error()))
                                               : take(image, ((*answer).*method_.response)()));
    }
    sender.join();
    const absl::Status ended = stream->Finish();
    if (!ended.ok()) {
      for (; answered < sent.size(); ++answered) {
        worst = Worse(worst, Report(sent[answered], ended));
      }
    }
    for (const size_t image : unreadable) worst = Worse(worst, ReportUnreadable(image));
    return worst;
  }

  ExitCode Report(size_t image, const absl::Status& status) {
    return ReportFailure({"image", options_.images[image]}, status, common_.json, out_, err_);
  }
  ExitCode ReportUnreadable(size_t image) {
    return ReportLocalFailure({"image", options_.images[image]}, kUnreadable, common_.json, out_,
                              err_);
  }

  const VisionClient& client_;
  const ImageMethod<Request, Response, Answer> method_;
  const ImageOptions& options_;
  const CommonOptions& common_;
  std::ostream& out_;
  std::ostream& err_;
};

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_CLI_ASK_H_
