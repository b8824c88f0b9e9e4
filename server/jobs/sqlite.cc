#include "server/jobs/sqlite.h"

#include <sqlite3.h>

#include "absl/strings/str_cat.h"
#include "kernels/base/check.h"
#include "kernels/base/status_macros.h"

namespace localmamba::server {
namespace {

absl::StatusCode CodeOf(int result) {
  switch (result & 0xFF) {  // the primary code
    case SQLITE_FULL:
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
      return absl::StatusCode::kPermissionDenied;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::StatusCode::kFailedPrecondition;
    default:
      return absl::StatusCode::kInternal;
  }
}

absl::Status ToStatus(int result, sqlite3* connection) {
  if (result == SQLITE_OK || result == SQLITE_DONE) return absl::OkStatus();
  const char* file = sqlite3_db_filename(connection, "main");
  std::string text = absl::StrCat(file == nullptr ? "" : file, ": ", sqlite3_errmsg(connection));
  if ((result & 0xFF) == SQLITE_BUSY) absl::StrAppend(&text, ": another process uses it");
  return {CodeOf(result), text};
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

void Statement::BindOne(int index, int64_t value) {
  LM_CHECK(sqlite3_bind_int64(statement_.get(), index, value) == SQLITE_OK);
}

void Statement::BindOne(int index, absl::string_view value) {
  const char* data = value.empty() ? "" : value.data();
  LM_CHECK(sqlite3_bind_blob64(statement_.get(), index, data, value.size(), SQLITE_TRANSIENT) ==
           SQLITE_OK);
}

void Statement::BindOne(int index, const std::optional<std::string>& value) {
  if (value.has_value()) return BindOne(index, absl::string_view(*value));
  LM_CHECK(sqlite3_bind_null(statement_.get(), index) == SQLITE_OK);
}

absl::StatusOr<bool> Statement::Step() {
  const int result = sqlite3_step(statement_.get());
  if (result == SQLITE_ROW) return true;
  LM_RETURN_IF_ERROR(ToStatus(result, sqlite3_db_handle(statement_.get())));
  return false;
}

absl::Status Statement::Run() {
  LM_ASSIGN_OR_RETURN(const bool row, Step());
  LM_CHECK(!row);
  return absl::OkStatus();
}

int64_t Statement::Integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string Statement::Bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return {static_cast<const char*>(data), data == nullptr ? 0 : static_cast<size_t>(size)};
}

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const std::string& path) {
  sqlite3* connection = nullptr;
  const int result =
      sqlite3_open_v2(path.c_str(), &connection,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX, nullptr);
  if (connection == nullptr) return absl::ResourceExhaustedError("no memory for a database");
  std::unique_ptr<Database> database(new Database(connection));
  if (result != SQLITE_OK) {
    return absl::Status(CodeOf(result), absl::StrCat(path, ": ", sqlite3_errmsg(connection)));
  }
  sqlite3_extended_result_codes(connection, 1);
  // The lock is taken by the first write, and kept.
  LM_RETURN_IF_ERROR(database->Execute(
      "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
      "PRAGMA foreign_keys = ON; BEGIN IMMEDIATE; COMMIT;"));
  return database;
}

Database::~Database() { sqlite3_close_v2(connection_); }

absl::Status Database::Execute(const char* statements) {
  return ToStatus(sqlite3_exec(connection_, statements, nullptr, nullptr, nullptr), connection_);
}

absl::StatusOr<Statement> Database::Prepare(absl::string_view text) {
  sqlite3_stmt* statement = nullptr;
  const int result = sqlite3_prepare_v2(connection_, text.data(), static_cast<int>(text.size()),
                                        &statement, nullptr);
  LM_RETURN_IF_ERROR(ToStatus(result, connection_));
  return Statement(statement);
}

int64_t Database::last_inserted_row() const { return sqlite3_last_insert_rowid(connection_); }

}  // namespace localmamba::server
