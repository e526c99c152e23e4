locals {
  api_repository = "registry.example.com/acme/api"
  api_tag        = "2.0.3" # {"$imagepolicy": "default:api:tag"}
}

resource "docker_image" "api" {
  name = "registry.example.com/acme/api:2.0.3" // {"$imagepolicy": "default:api"}
}
