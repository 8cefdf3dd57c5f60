// Whether a C++ program finds headers and library through CMake.

#include <evertoken.hpp>

int main() {
  evertoken::Client client{evertoken::Config::passkit_token("pub1", "pasted")};
  return client.authorize().value() == "pasted" || client.token().value() == "pasted" ? 0 : 1;
}
